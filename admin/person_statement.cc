#include "admin/person_statement.h"

#include <algorithm>

#include "protocol/deadline.h"
#include "protocol/text.h"

namespace hamroh {
namespace {

constexpr std::size_t line_characters_max = 78;
constexpr std::size_t languages = 3;

using Words = std::array<const char*, languages>;  // English, Russian, Tajik

const char* in(const Words& words, Language language) {
  return words.at(static_cast<std::size_t>(language) - 1);
}

constexpr Words title{"WHAT WAS SHARED ABOUT YOU", "ЧТО И КОМУ О ВАС СООБЩЕНО",
                      "ДАР БОРАИ ШУМО ЧӢ ВА БА КӢ ГУФТА ШУД"};
constexpr Words made_by{"This page was made for you by",
                        "Эту страницу составила для вас организация",
                        "Ин саҳифаро барои шумо созмони зерин тартиб дод:"};
constexpr Words number_is{"Its number:", "Номер:", "Рақам:"};
constexpr Words keep_it{
    "Your name does not stand on it. Keep it where only you can see it, or leave it with us.",
    "Вашего имени на ней нет. Храните её там, где её видите только вы, или оставьте у нас.",
    "Номи шумо дар он нест. Онро дар ҷое нигоҳ доред, ки танҳо худатон мебинед, ё назди мо "
    "гузоред."};
constexpr Words nobody{"Nothing was shared with anybody.", "Никому ничего не сообщалось.",
                       "Ба ҳеҷ кас чизе гуфта нашудааст."};
constexpr Words why{"Why:", "Зачем:", "Барои чӣ:"};

struct StepWords {
  SharedWhat what;
  Words words;
};
constexpr std::array step_words{
    StepWords{SharedWhat::sent,
              {"we asked them for help and told them:", "мы попросили о помощи и сообщили:",
               "мо кӯмак пурсидем ва инро гуфтем:"}},
    StepWords{SharedWhat::disclosed,
              {"we told them as well:", "мы дополнительно сообщили:", "мо боз инро гуфтем:"}},
    StepWords{SharedWhat::arrived,
              {"it reached them.", "сообщение дошло до них.", "хабар ба онҳо расид."}},
    StepWords{
        SharedWhat::accepted,
        {"they agreed to help.", "они согласились помочь.", "онҳо розӣ шуданд, ки кӯмак кунанд."}},
    StepWords{SharedWhat::declined,
              {"they answered that they cannot help.", "они ответили, что помочь не могут.",
               "онҳо ҷавоб доданд, ки кӯмак карда наметавонанд."}},
    StepWords{SharedWhat::taken_back,
              {"we took the request back.", "мы отозвали просьбу.", "мо дархостро пас гирифтем."}},
    StepWords{SharedWhat::applied,
              {"the official status was applied for.", "подано заявление о присвоении статуса.",
               "барои гирифтани мақоми расмӣ ариза дода шуд."}},
    StepWords{SharedWhat::decided,
              {"there was a decision on the status.", "было принято решение о статусе.",
               "дар бораи мақом қарор қабул шуд."}},
    StepWords{SharedWhat::offered,
              {"we asked them to look after you from then on.",
               "мы предложили им дальше сопровождать вас.",
               "мо хоҳиш кардем, ки минбаъд онҳо бо шумо кор баранд."}},
    StepWords{SharedWhat::paid,
              {"we asked them for money for you.", "мы запросили для вас деньги.",
               "мо барои шумо пул дархост кардем."}},
    StepWords{SharedWhat::appealed,
              {"we gave them the appeal against the decision.", "мы передали им жалобу на решение.",
               "мо ба онҳо шикоят аз қарорро додем."}},
    StepWords{SharedWhat::told,
              {"we told them that you have changed your mind.",
               "мы сообщили им, что вы изменили своё решение.",
               "мо гуфтем, ки шумо қарори худро дигар кардед."}},
};

struct TierWords {
  DisclosureTier tier;
  Words words;
};
constexpr std::array tier_words{
    TierWords{DisclosureTier::t1,
              {"which help you need, how soon, your age group, the district, your languages",
               "какая помощь нужна и как скоро, ваша возрастная группа, район, языки",
               "чӣ гуна кӯмак ва то кай лозим аст, гурӯҳи синну сол, ноҳия, забонҳо"}},
    TierWords{DisclosureTier::t2,
              {"your name or the name that you chose, and how to reach you safely",
               "ваше имя или имя, которое вы выбрали, и как с вами безопасно связаться",
               "номи шумо ё номе, ки худатон интихоб кардед, ва роҳи бехатари тамос"}},
    TierWords{DisclosureTier::t3,
              {"facts of what happened, your papers, dangers that you named",
               "обстоятельства случившегося, ваши документы, опасности, которые вы назвали",
               "ҳолатҳои рӯйдода, ҳуҷҷатҳои шумо, хатарҳое, ки номбар кардед"}},
    TierWords{DisclosureTier::t4,
              {"your health, and what you told in your own words",
               "ваше здоровье и то, что вы рассказали своими словами",
               "саломатии шумо ва он чи бо суханони худ нақл кардед"}},
    TierWords{DisclosureTier::s,
              {"papers of the application for the status", "материалы заявления о статусе",
               "маводи ариза барои мақом"}},
};

constexpr Words consent_title{"YOUR CONSENT", "ВАШЕ СОГЛАСИЕ", "РОЗИГИИ ШУМО"};
constexpr Words agreed_on{"You agreed on", "Вы согласились", "Шумо розӣ шудед:"};
constexpr Words ends_on{"It ends on", "Согласие действует до", "Розигӣ эътибор дорад то"};
constexpr Words without{
    "It was shared without your consent, because the law or a danger demanded it. We explain why "
    "to "
    "you, if you ask.",
    "Это сообщено без вашего согласия: так требовал закон или была опасность. Спросите нас, и мы "
    "объясним причину.",
    "Ин бе розигии шумо гуфта шуд, чунки қонун ё хатар талаб мекард. Агар пурсед, сабабашро "
    "мефаҳмонем."};
constexpr Words has_withdrawn{"You have withdrawn it.", "Вы отозвали согласие.",
                              "Шумо розигиро пас гирифтед."};
constexpr Words may_withdraw{
    "You may change your mind at any time, about all of it or a part, and need not say why. Tell "
    "us, "
    "by word of mouth is enough. We then tell everybody on this page at once. They stop, and "
    "destroy "
    "what they have, unless the law makes them keep it; then we tell you so. Whoever helps you "
    "goes on "
    "helping you, as far as that can be done without it.",
    "Вы можете изменить своё решение в любое время, полностью или частично, без объяснений. "
    "Скажите "
    "нам об этом, достаточно устно. Мы сразу сообщим всем, кто указан на этой странице. Они "
    "прекратят "
    "работу с вашими сведениями и уничтожат их, если закон не обязывает хранить; тогда мы вам об "
    "этом "
    "скажем. Помощь продолжится, насколько это возможно без этих сведений.",
    "Шумо ҳар вақт метавонед қарори худро дигар кунед, пурра ё қисман, бе шарҳи сабаб. Ба мо гӯед, "
    "даҳонӣ кифоя аст. Мо дарҳол ба ҳамаи онҳое, ки дар ин саҳифа ҳастанд, хабар медиҳем. Онҳо "
    "корро бо "
    "маълумоти шумо қатъ мекунанд ва онро нест мекунанд, агар қонун нигоҳ доштанро талаб накунад; "
    "он "
    "гоҳ мо ба шумо мегӯем. Кӯмак то ҳадди имкон идома меёбад."};

constexpr Words status_title{"YOUR STATUS", "ВАШ СТАТУС", "МАҚОМИ ШУМО"};
struct StatusWords {
  State state;
  Words words;
};
constexpr std::array status_words{
    StatusWords{State::applied,
                {"It was applied for, and there is no decision yet.",
                 "Заявление подано, решения ещё нет.", "Ариза дода шуд, ҳоло қарор нест."}},
    StatusWords{
        State::pre_status,
        {"You have it for the time being.", "Он присвоен временно.", "Он муваққатан дода шуд."}},
    StatusWords{State::assigned_unconfirmed,
                {"The commission has assigned it. The ministry has yet to confirm that.",
                 "Комиссия присвоила статус. Министерство должно его подтвердить.",
                 "Комиссия мақомро дод. Вазорат бояд онро тасдиқ кунад."}},
    StatusWords{State::refused, {"It was refused.", "В статусе отказано.", "Мақом рад карда шуд."}},
    StatusWords{State::confirmed, {"It is confirmed.", "Статус подтверждён.", "Мақом тасдиқ шуд."}},
    StatusWords{State::returned,
                {"The ministry has questions for the commission. You need not do anything.",
                 "У министерства есть вопросы к комиссии. От вас ничего не требуется.",
                 "Вазорат ба комиссия савол дорад. Аз шумо чизе лозим нест."}},
    StatusWords{State::appealed,
                {"An appeal was made, and is being looked at.",
                 "Подана жалоба, она рассматривается.", "Шикоят дода шуд ва баррасӣ мешавад."}},
    StatusWords{State::overturned,
                {"The appeal was right. The commission decides again.",
                 "Жалоба удовлетворена. Комиссия решает заново.",
                 "Шикоят қонеъ шуд. Комиссия аз нав қарор мекунад."}},
    StatusWords{State::upheld,
                {"The appeal was looked at, and the refusal stands.",
                 "Жалоба рассмотрена, отказ остаётся в силе.",
                 "Шикоят баррасӣ шуд, радкунӣ боқӣ мемонад."}},
};
constexpr Words appeal_made{"an appeal was made against the decision.", "подана жалоба на решение.",
                            "аз қарор шикоят дода шуд."};
constexpr Words appeal_open{"Nobody has decided on it yet.", "Решения по ней ещё нет.",
                            "Ҳоло аз рӯи он қарор нест."};
constexpr Words appeal_decided{"the appeal was decided by", "решение по жалобе приняла организация",
                               "аз рӯи шикоят созмони зерин қарор кард:"};
constexpr std::array appeal_words{
    StatusWords{
        State::overturned,
        {"The appeal was right, and the decision was overturned.",
         "Жалоба удовлетворена, решение отменено.", "Шикоят қонеъ шуд, қарор бекор карда шуд."}},
    StatusWords{State::upheld,
                {"The decision stands.", "Решение осталось в силе.", "Қарор боқӣ монд."}},
};
constexpr Words may_appeal{
    "You may appeal against that. Others decide then than those who decided before. There may be a "
    "time limit: come to us soon, we help you with it, and it costs nothing.",
    "Вы можете обжаловать это решение. Его пересмотрят другие люди. Срок может быть ограничен: "
    "приходите скорее, мы поможем, это бесплатно.",
    "Шумо аз ин қарор шикоят карда метавонед. Онро одамони дигар аз нав дида мебароянд. Мӯҳлат "
    "маҳдуд "
    "буданаш мумкин: зудтар назди мо оед, мо кӯмак мекунем, ин ройгон аст."};

template <class Table, class Key>
const char* find_words(const Table& table, Key key, Language language) {
  for (const auto& [known, words] : table) {
    if (known == key) {
      return in(words, language);
    }
  }
  return "";
}

// "25.11.2026", which all three languages write so.
std::string day_text(const Date& date) {
  const auto two = [](unsigned value) {
    return std::string(value < 10 ? "0" : "") + std::to_string(value);
  };
  return two(date.day) + "." + two(date.month) + "." + std::to_string(date.year);
}

std::string day_text(Timestamp when, std::int32_t utc_offset_minutes) {
  constexpr std::int64_t minutes_in_day = 24 * 60;
  const std::int64_t minute = static_cast<std::int64_t>(when.ms / (60 * 1000)) + utc_offset_minutes;
  return day_text(date_of(std::max<std::int64_t>(minute, 0) / minutes_in_day));
}

// Of an ISO 8601 date that a form's validator has passed.
std::string day_text(const std::string& iso) {
  constexpr std::size_t length = 10;
  return iso.size() == length ? iso.substr(8, 2) + "." + iso.substr(5, 2) + "." + iso.substr(0, 4)
                              : escape_for_terminal(iso);
}

bool begins_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U;
}

// Broken at blanks; a word that is longer than a line stands in one of its own.
class Page {
 public:
  void line(const std::string& text, std::size_t indent = 0) {
    const std::string margin(indent, ' ');
    std::string current = margin;
    std::size_t used = indent;
    std::size_t from = 0;
    while (from < text.size()) {
      const std::size_t end = std::min(text.find(' ', from), text.size());
      const std::string word = text.substr(from, end - from);
      const auto width = static_cast<std::size_t>(std::ranges::count_if(word, begins_character));
      if (used > indent && used + 1 + width > line_characters_max) {
        text_ += current + "\n";
        current = margin;
        used = indent;
      }
      current += (used > indent ? " " : "") + word;
      used += width + (used > indent ? 1 : 0);
      from = end + 1;
    }
    text_ += current + "\n";
  }
  void gap() { text_ += "\n"; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void print_shared(Page& page, const PersonStatement& statement, Language language) {
  if (statement.shared.empty()) {
    page.line(in(nobody, language));
  }
  std::size_t place = 0;
  for (const SharedWith& with : statement.shared) {
    page.line(std::to_string(++place) + ". " + escape_for_terminal(with.organisation));
    for (const SharedStep& step : with.steps) {
      page.line(day_text(step.when, statement.utc_offset_minutes) + ": " +
                    find_words(step_words, step.what, language),
                3);
      for (const DisclosureTier tier : step.tiers) {
        page.line(std::string("- ") + find_words(tier_words, tier, language), 6);
      }
    }
    if (!with.reasons.empty()) {
      std::string all;
      for (const std::string& reason : with.reasons) {
        all += (all.empty() ? "" : "; ") + escape_for_terminal(reason);
      }
      page.line(std::string(in(why, language)) + " " + all + ".", 3);
    }
    page.gap();
  }
}

void print_consents(Page& page, const PersonStatement& statement, Language language) {
  page.line(in(consent_title, language));
  for (const StatementConsent& consent : statement.consents) {
    if (consent.exception) {
      page.line(in(without, language));
      continue;
    }
    std::string text = std::string(in(agreed_on, language)) + " " + day_text(consent.date) + ".";
    if (!consent.expires.empty() && !consent.withdrawn) {
      text += std::string(" ") + in(ends_on, language) + " " + day_text(consent.expires) + ".";
    }
    if (consent.withdrawn) {
      text += std::string(" ") + in(has_withdrawn, language);
      text += consent.withdrawn_on.empty() ? "" : " " + day_text(consent.withdrawn_on) + ".";
    }
    page.line(text);
  }
  if (statement.consents.empty() || !statement.consents.back().withdrawn) {
    page.line(in(may_withdraw, language));
  }
}

void print_appeals(Page& page, const PersonStatement& statement, Language language) {
  for (const StatementAppeal& appeal : statement.appeals) {
    const auto day = [&](Timestamp when) {
      return day_text(when, statement.utc_offset_minutes) + ": ";
    };
    std::string made = day(appeal.made) + in(appeal_made, language);
    if (!appeal.decided) {
      made += std::string(" ") + in(appeal_open, language);
    }
    page.line(made);
    if (appeal.decided) {
      page.line(day(*appeal.decided) + in(appeal_decided, language) + " " +
                escape_for_terminal(appeal.by) + ". " +
                find_words(appeal_words, appeal.outcome, language));
    }
  }
}

}  // namespace

std::string statement_text(const PersonStatement& statement, Language language) {
  Page page;
  page.line(in(title, language));
  page.gap();
  page.line(std::string(in(made_by, language)) + " " + escape_for_terminal(statement.organisation) +
            ", " + day_text(statement.made, statement.utc_offset_minutes) + ". " +
            in(number_is, language) + " " + statement.number);
  page.line(in(keep_it, language));
  page.gap();
  print_shared(page, statement, language);
  print_consents(page, statement, language);
  if (statement.status != State::none) {
    page.gap();
    page.line(in(status_title, language));
    page.line(find_words(status_words, statement.status, language));
    print_appeals(page, statement, language);
    if (statement.may_appeal) {
      page.line(in(may_appeal, language));
    }
  }
  return page.take();
}

}  // namespace hamroh
