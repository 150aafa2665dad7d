#include "admin/pack_view.h"

#include <algorithm>
#include <set>

#include "admin/report.h"

namespace hamroh {
namespace {

// The same word in English, Russian and Tajik.
using Word = std::array<const char*, 3>;

const char* in(const Word& word, Language language) {
  return word.at(static_cast<std::size_t>(language) - 1);
}

constexpr std::array<Word, clocks_count> clock_words{
    {{"delivery to the node", "доставка на узел", "расондан ба гиреҳ"},
     {"receipt by a named person", "получение названным сотрудником", "қабули корманди номбаршуда"},
     {"accept or decline", "принять или отклонить", "қабул ё рад кардан"},
     {"first help", "первая помощь", "кӯмаки аввал"},
     {"answer to a question", "ответ на запрос сведений", "ҷавоб ба дархости маълумот"},
     {"pre-status", "предварительный статус", "мақоми пешакӣ"},
     {"decision on the status", "решение о статусе", "қарор дар бораи мақом"},
     {"confirmation by the ministry", "подтверждение министерством", "тасдиқи вазорат"},
     {"time to appeal", "срок для обжалования", "муҳлати шикоят"},
     {"decision on an appeal", "решение по жалобе", "қарор оид ба шикоят"},
     {"decision of the relief fund", "решение фонда помощи", "қарори фонди кӯмак"},
     {"payment by the relief fund", "выплата фонда помощи", "пардохти фонди кӯмак"},
     {"account for the money", "отчёт о деньгах", "ҳисобот дар бораи маблағ"}}};
constexpr std::array<Word, 3> urgency_words{{{"emergency", "экстренно", "таъҷилӣ"},
                                             {"urgent", "срочно", "фаврӣ"},
                                             {"normal", "обычно", "оддӣ"}}};
constexpr std::array<Word, 7> day_words{{{"Monday", "понедельник", "душанбе"},
                                         {"Tuesday", "вторник", "сешанбе"},
                                         {"Wednesday", "среда", "чоршанбе"},
                                         {"Thursday", "четверг", "панҷшанбе"},
                                         {"Friday", "пятница", "ҷумъа"},
                                         {"Saturday", "суббота", "шанбе"},
                                         {"Sunday", "воскресенье", "якшанбе"}}};
constexpr std::array<Word, 6> role_words{
    {{"decides on the status", "решает о статусе", "дар бораи мақом қарор мекунад"},
     {"confirms", "подтверждает", "тасдиқ мекунад"},
     {"decides appeals", "решает по жалобам", "оид ба шикоятҳо қарор мекунад"},
     {"police", "милиция", "милитсия"},
     {"relief fund", "фонд помощи", "фонди кӯмак"},
     {"oversight", "надзор", "назорат"}}};
constexpr std::array<Word, ground_lists_count> ground_words{
    {{"Grounds to refuse the status", "Основания для отказа в статусе",
      "Асосҳои рад кардани мақом"},
     {"Grounds to return a decision", "Основания для возврата решения",
      "Асосҳои баргардонидани қарор"},
     {"Grounds to keep after consent was withdrawn", "Основания хранить после отзыва согласия",
      "Асосҳои нигоҳдорӣ пас аз бозпас гирифтани розигӣ"},
     {"Grounds for the fund to refuse", "Основания для отказа фонда", "Асосҳои рад кардани фонд"}}};
constexpr std::array<Word, code_lists_count> list_words{
    {{"Reasons", "Причины обращения", "Сабабҳои муроҷиат"},
     {"Documents", "Документы", "Ҳуҷҷатҳо"},
     {"Indicators: act", "Признаки: деяние", "Нишонаҳо: кирдор"},
     {"Indicators: means", "Признаки: средство", "Нишонаҳо: восита"},
     {"Indicators: purpose", "Признаки: цель", "Нишонаҳо: мақсад"},
     {"Access needs", "Особые потребности", "Ниёзҳои махсус"},
     {"Safety risks", "Риски безопасности", "Хатарҳои бехатарӣ"},
     {"Purposes of sharing", "Цели передачи сведений", "Мақсадҳои додани маълумот"},
     {"Requested by", "Кто обратился", "Кӣ муроҷиат кард"},
     {"Purposes of money", "Цели денежной помощи", "Мақсадҳои кӯмаки пулӣ"}}};
constexpr std::array<Word, 3> unit_words{
    {{"min", "мин", "дақ"}, {"working days", "раб. дн.", "рӯзи корӣ"}, {"months", "мес.", "моҳ"}}};
constexpr Word hours_word{"h", "ч", "соат"};
constexpr Word days_word{"days", "дн.", "рӯз"};
constexpr Word years_word{"years", "г. (лет)", "сол"};
constexpr Word one_working_day{"working day", "раб. день", "рӯзи корӣ"};
constexpr Word one_day{"day", "день", "рӯз"};
constexpr Word one_month{"month", "мес.", "моҳ"};
constexpr Word one_year{"year", "год", "сол"};
constexpr Word not_set{"not set", "не задано", "муқаррар нашудааст"};
constexpr Word valid_word{"Valid from", "Действует с", "Эътибор дорад аз"};
constexpr Word clocks_word{"By when", "Сроки", "Муҳлатҳо"};
constexpr Word pause_word{
    "stands still, once, while waiting for: ", "один раз останавливается, пока ожидается: ",
    "як бор меистад, то даме ки интизор аст: "};
constexpr Word calendar_word{"Days off", "Нерабочие дни", "Рӯзҳои ғайрикорӣ"};
constexpr Word every_year{"every year", "ежегодно", "ҳар сол"};
constexpr Word single_days{"single days", "отдельные дни", "рӯзҳои алоҳида"};
constexpr Word worked_word{"worked instead", "рабочие вместо них", "ба ҷои онҳо корӣ"};
constexpr Word known_word{"moving holidays entered until", "переходящие праздники внесены до",
                          "идҳои гардон ворид шудаанд то"};
constexpr Word bodies_word{"Who decides where", "Кто и где решает", "Кӣ дар куҷо қарор мекунад"};
constexpr Word votes_word{"Votes", "Голоса", "Овозҳо"};
constexpr Word of_word{" of ", " из ", " аз "};
constexpr Word status_word{"status", "статус", "мақом"};
constexpr Word appeal_word{"appeal", "жалоба", "шикоят"};
constexpr Word lasts_word{"lasts", "действует", "давом мекунад"};
constexpr Word none_word{"there is none", "не предусмотрен", "пешбинӣ нашудааст"};
constexpr Word warns_word{"warnings before it ends", "предупреждения до окончания",
                          "огоҳӣ пеш аз анҷом"};
constexpr Word kept_word{"How long it is kept", "Сроки хранения", "Муҳлати нигоҳдорӣ"};
constexpr std::array<Word, 5> kept_words{
    {{"closed case", "закрытое дело", "парвандаи баста"},
     {"declined referral", "отклонённое направление", "роҳхати радшуда"},
     {"kept by law after consent was withdrawn", "по закону после отзыва согласия",
      "тибқи қонун пас аз бозпас гирифтани розигӣ"},
     {"attachments", "вложения", "замимаҳо"},
     {"records of the fund", "записи фонда", "сабтҳои фонд"}}};
constexpr Word fund_word{"Relief fund", "Фонд помощи", "Фонди кӯмак"};
constexpr Word up_to_word{"up to", "до", "то"};
constexpr Word approvals_word{"approvals: ", "одобрений: ", "тасдиқ: "};
constexpr Word day_limit_word{"one person approves in a day at most",
                              "один человек одобряет за день не более",
                              "як нафар дар як рӯз на бештар аз"};
constexpr Word gaps_word{"Not set yet", "Ещё не задано", "Ҳанӯз муқаррар нашудааст"};
constexpr Word holidays_word{"holidays that move", "переходящие праздники", "идҳои гардон"};

template <std::size_t n, class Enum>
const char* in(const std::array<Word, n>& words, Enum value, Language language) {
  return in(words.at(static_cast<std::size_t>(value) - 1), language);
}

std::string two_digits(std::int32_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

std::string offset_text(std::int32_t minutes) {
  const std::int32_t size = minutes < 0 ? -minutes : minutes;
  return std::string("UTC") + (minutes < 0 ? "-" : "+") + two_digits(size / 60) + ":" +
         two_digits(size % 60);
}

std::string amount_text(std::uint64_t minor, const std::string& currency) {
  return std::to_string(minor / 100) + "." + two_digits(static_cast<std::int32_t>(minor % 100)) +
         " " + currency;
}

std::string label_of(const Pack& pack, const std::string& district, Language language) {
  const District* found = find_district(pack, district);
  return found == nullptr ? district : found->labels.in(language);
}

class Page {
 public:
  Page(const Pack& pack, Language language) : pack_(pack), language_(language) {}

  void heading(const Word& word) { heading(in(word, language_)); }
  void heading(const char* words) { out_ += std::string("\n") + words + "\n"; }
  void line(const std::string& text) { out_ += "  " + text + "\n"; }
  void line(const Word& word, const std::string& value) {
    line(std::string(in(word, language_)) + ": " + value);
  }

  void top(const Digest& sha256) {
    out_ += pack_.name.in(language_) + " (" + pack_.id + ", " + pack_.jurisdiction + ")\n";
    line(valid_word,
         to_iso8601(pack_.valid_from) + ", " + offset_text(pack_.calendar.utc_offset_minutes));
    line("SHA-256 " + sha256.hex());
  }

  void clocks() {
    heading(clocks_word);
    for (const CodeName& name : names_of(Clock{})) {
      const ClockRule& rule = pack_.clock(static_cast<Clock>(name.value));
      std::string text;
      const bool alike = rule.periods[0] == rule.periods[1] && rule.periods[1] == rule.periods[2];
      for (std::size_t i = 0; i < rule.periods.size() && !alike; ++i) {
        text += std::string(i == 0 ? "" : ", ") + in(urgency_words.at(i), language_) + " " +
                period_text(rule.periods.at(i), language_);
      }
      text = alike ? period_text(rule.periods[0], language_) : text;
      if (rule.pauses_during) {
        text += std::string("; ") + in(pause_word, language_) +
                in(clock_words, *rule.pauses_during, language_);
      }
      line(clock_words.at(name.value - 1U), text);
    }
  }

  void calendar() {
    heading(calendar_word);
    const Calendar& calendar = pack_.calendar;
    std::string days;
    for (std::size_t i = 0; i < calendar.weekend.size(); ++i) {
      if (calendar.weekend.at(i)) {
        days += std::string(days.empty() ? "" : ", ") + in(day_words.at(i), language_);
      }
    }
    if (!days.empty()) {
      line(days);
    }
    std::string annual;
    for (const AnnualDay& day : calendar.annual) {
      annual += (annual.empty() ? "" : ", ") + two_digits(day.month) + "-" + two_digits(day.day);
    }
    dates(every_year, annual);
    dates(single_days, listed(calendar.holidays));
    dates(worked_word, listed(calendar.working));
    line(known_word, calendar.known_until ? to_iso8601(*calendar.known_until)
                                          : std::string(in(not_set, language_)));
  }

  void bodies() {
    heading(bodies_word);
    for (const Body& body : pack_.bodies) {
      std::string where;
      for (const std::string& district : body.districts) {
        where += (where.empty() ? "" : ", ") + label_of(pack_, district, language_);
      }
      line(body.labels.in(language_) + " (" + in(role_words, body.role, language_) + "): " + where);
    }
  }

  void votes() {
    heading(votes_word);
    for (const auto& [votes, word] : {std::pair(&pack_.status_votes, &status_word),
                                      std::pair(&pack_.appeal_votes, &appeal_word)}) {
      line(*word, *votes ? std::to_string((*votes)->needed) + in(of_word, language_) +
                               std::to_string((*votes)->of)
                         : std::string(in(not_set, language_)));
    }
  }

  void pre_status() {
    heading(clock_words.at(static_cast<std::size_t>(Clock::pre_status) - 1));
    const PreStatus& pre = pack_.pre_status;
    if (pre.available != true) {
      line(in(pre.available ? none_word : not_set, language_));
      return;
    }
    line(lasts_word, period_text(pre.lasts, language_));
    std::string warnings;
    for (const Period& warning : pre.warnings) {
      warnings += (warnings.empty() ? "" : ", ") + period_text(warning, language_);
    }
    dates(warns_word, warnings);
  }

  void retention() {
    heading(kept_word);
    const Retention& kept = pack_.retention;
    const std::array<const std::optional<Period>*, 5> periods{
        &kept.closed_case, &kept.declined_referral, &kept.withdrawn_consent, &kept.attachments,
        &kept.fund_records};
    for (std::size_t i = 0; i < periods.size(); ++i) {
      line(kept_words.at(i), period_text(*periods.at(i), language_));
    }
  }

  void fund() {
    heading(fund_word);
    if (!pack_.fund) {
      line(in(not_set, language_));
      return;
    }
    for (const FundStep& step : pack_.fund->steps) {
      line(std::string(in(up_to_word, language_)) + " " +
           amount_text(step.up_to, pack_.fund->currency) + ": " + in(approvals_word, language_) +
           std::to_string(step.needed) + in(of_word, language_) + std::to_string(step.of));
    }
    line(day_limit_word, amount_text(pack_.fund->approver_day_limit, pack_.fund->currency));
  }

  void lists() {
    for (const CodeName& list : names_of(GroundList{})) {
      entries(ground_words.at(list.value - 1U),
              pack_.grounds_of(static_cast<GroundList>(list.value)));
    }
    for (const CodeName& list : names_of(PackList{})) {
      entries(list_words.at(list.value - 1U), pack_.codes_of(static_cast<PackList>(list.value)));
    }
  }

  // Each gap once, in words; the three urgencies of a clock are one.
  void gaps() {
    const std::vector<PackGap> gaps = unset_of(pack_);
    if (gaps.empty()) {
      return;
    }
    heading(gaps_word);
    std::set<std::string> told;
    for (const PackGap& gap : gaps) {
      const std::string words = gap_words(gap);
      if (told.insert(words).second) {
        line(words);
      }
    }
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  [[nodiscard]] static std::string listed(const std::vector<Date>& dates) {
    std::string text;
    for (const Date& date : dates) {
      text += (text.empty() ? "" : ", ") + to_iso8601(date);
    }
    return text;
  }
  void dates(const Word& word, const std::string& text) {
    if (!text.empty()) {
      line(word, text);
    }
  }
  template <class Entry>
  void entries(const Word& word, const std::vector<Entry>& entries) {
    if (entries.empty()) {
      return;
    }
    heading(word);
    for (const Entry& entry : entries) {
      line(entry.labels.in(language_) + " (" + entry.code + ")");
    }
  }
  [[nodiscard]] std::string gap_words(const PackGap& gap) const {
    const std::string_view path = gap.path;
    for (const CodeName& name : names_of(Clock{})) {
      if (path.starts_with(std::string("clocks.") + name.name + ".")) {
        return in(clock_words, static_cast<Clock>(name.value), language_);
      }
    }
    for (const CodeName& name : names_of(BodyRole{})) {
      if (path == std::string("bodies.") + name.name) {
        return std::string(in(bodies_word, language_)) + ": " +
               in(role_words, static_cast<BodyRole>(name.value), language_) + ", " +
               label_of(pack_, gap.district, language_);
      }
    }
    constexpr std::array<const char*, 5> kept{
        "retention.closed_case", "retention.declined_referral", "retention.withdrawn_consent",
        "retention.attachments", "retention.fund_records"};
    if (const auto at = std::ranges::find(kept, path); at != kept.end()) {
      return std::string(in(kept_word, language_)) + ": " +
             in(kept_words.at(static_cast<std::size_t>(at - kept.begin())), language_);
    }
    if (path == "status.votes" || path == "appeal.votes") {
      return std::string(in(votes_word, language_)) + ": " +
             in(path == "status.votes" ? status_word : appeal_word, language_);
    }
    return path == "calendar.known_until" ? in(holidays_word, language_)
                                          : in(clock_words, Clock::pre_status, language_);
  }

  const Pack& pack_;
  Language language_;
  std::string out_;
};

// As the file writes it.
std::string period_code(const Period& period) {
  return period_text(period, Language::english);
}

}  // namespace

std::optional<Language> parse_language(std::string_view name) {
  return parse_code<Language>(name);
}

std::string period_text(const std::optional<Period>& period, Language language) {
  if (!period) {
    return in(not_set, language);
  }
  const auto counted = [language](std::uint32_t count, const Word& one, const Word& many) {
    return std::to_string(count) + " " + in(count == 1 ? one : many, language);
  };
  const std::uint32_t count = period->count;
  if (period->unit == Period::Unit::working_days) {
    return counted(count, one_working_day, unit_words[1]);
  }
  if (period->unit == Period::Unit::months) {
    return count % 12 == 0 ? counted(count / 12, one_year, years_word)
                           : counted(count, one_month, unit_words[2]);
  }
  // 72 h stays in hours, as people who are on duty count them.
  if (count % 1'440 == 0 && count > 3 * 1'440) {
    return counted(count / 1'440, one_day, days_word);
  }
  return count % 60 == 0 ? counted(count / 60, hours_word, hours_word)
                         : counted(count, unit_words[0], unit_words[0]);
}

std::string pack_text(const Pack& pack, const Digest& sha256, Language language) {
  Page page(pack, language);
  page.top(sha256);
  page.clocks();
  page.calendar();
  page.bodies();
  page.votes();
  page.pre_status();
  page.retention();
  page.fund();
  page.lists();
  page.gaps();
  return page.take();
}

std::string gaps_json(const std::vector<PackGap>& gaps) {
  std::string json;
  for (const PackGap& gap : gaps) {
    json += std::string(json.empty() ? "" : ", ") + "{\"path\": " + json_string(gap.path) +
            ", \"missing\": " + json_string(gap.missing) + "}";
  }
  return "[" + json + "]";
}

std::string mistakes_json(const std::vector<PackMistake>& mistakes) {
  std::string json;
  for (const PackMistake& mistake : mistakes) {
    json += std::string(json.empty() ? "" : ", ") + "{\"line\": " + std::to_string(mistake.line) +
            ", \"column\": " + std::to_string(mistake.column) +
            ", \"what\": " + json_string(mistake.what) +
            ", \"remedy\": " + json_string(mistake.remedy) + "}";
  }
  return "[" + json + "]";
}

std::string pack_json(const Pack& pack, const Digest& sha256) {
  std::string clocks;
  for (const CodeName& name : names_of(Clock{})) {
    const ClockRule& rule = pack.clock(static_cast<Clock>(name.value));
    clocks += std::string(clocks.empty() ? "" : ", ") + json_string(name.name) + ": {";
    for (const CodeName& urgency : names_of(Urgency{})) {
      const auto& period = rule.of(static_cast<Urgency>(urgency.value));
      clocks += std::string(urgency.value == 1 ? "" : ", ") + json_string(urgency.name) + ": " +
                (period ? json_string(period_code(*period)) : "null");
    }
    clocks += std::string(", \"pauses_during\": ") +
              (rule.pauses_during ? json_string(name_of(*rule.pauses_during)) : "null") + "}";
  }
  return "{\"id\": " + json_string(pack.id) + ", \"sha256\": " + json_string(sha256.hex()) +
         ", \"jurisdiction\": " + json_string(pack.jurisdiction) +
         ", \"valid_from\": " + json_string(to_iso8601(pack.valid_from)) + ", \"clocks\": {" +
         clocks + "}, \"unset\": " + gaps_json(unset_of(pack)) + "}";
}

}  // namespace hamroh
