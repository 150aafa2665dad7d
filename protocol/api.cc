#include "protocol/api.h"

namespace hamroh::api {

Ask::Ask() = default;
Ask::Ask(const Ask&) = default;
Ask::Ask(Ask&&) noexcept = default;
Ask& Ask::operator=(const Ask&) = default;
Ask& Ask::operator=(Ask&&) noexcept = default;
Ask::~Ask() = default;

Answer::Answer() = default;
Answer::Answer(const Answer&) = default;
Answer::Answer(Answer&&) noexcept = default;
Answer& Answer::operator=(const Answer&) = default;
Answer& Answer::operator=(Answer&&) noexcept = default;
Answer::~Answer() = default;

}  // namespace hamroh::api
