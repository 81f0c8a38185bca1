#include <utility>

#include <xtape/train/fit.hpp>
#include <xtape/train/fit_loop.hpp>

namespace xtape {

Measured::Measured(Tensor of_batch, std::vector<Metric> others, std::optional<double> count)
    : loss(std::move(of_batch)), metrics(std::move(others)), samples(count) {}

std::int64_t FitEpoch::number() const { return loop_->epoch() + 1; }
std::int64_t FitEpoch::batches() const { return loop_->batch(); }
bool FitEpoch::complete() const { return loop_->complete(); }
std::int64_t FitEpoch::steps() const { return loop_->steps(); }
double FitEpoch::operator[](const std::string& name) const { return loop_->value(name); }
std::vector<Metric> FitEpoch::metrics() const { return loop_->values(); }
std::vector<Metric> FitEpoch::learning_rates() const { return loop_->learning_rates(); }
void FitEpoch::log(const std::string& name, double value, double samples) {
  loop_->log(name, value, samples);
}
void FitEpoch::print(const std::string& line) { loop_->print(line); }
FitEvaluation FitEpoch::evaluation() { return FitEvaluation(loop_->evaluation()); }
void FitEpoch::stop() { loop_->stop(FitStop::asked); }

FitEvaluation::FitEvaluation(detail::RunEvaluation* scope) : scope_(scope) {}
FitEvaluation::~FitEvaluation() = default;

FitBase::FitBase(const nn::Module* model, optim::Optimizer* optimizer, detail::FitSource& source,
                 FitOptions options, Validate validate, bool measures)
    : loop_(new detail::FitLoop(model, optimizer, source, std::move(options), std::move(validate),
                                measures)) {}
FitBase::~FitBase() = default;

const History& FitBase::history() const { return loop_->history(); }
Checkpoint& FitBase::checkpoint() { return loop_->checkpoint(); }

FitBase::Running::Running(detail::FitLoop& loop) : loop_(loop) {
  if (loop.running()) throw ValueError("fit: a run must end before the next one begins");
  try {
    loop.begin();
  } catch (...) {
    loop.end();
    throw;
  }
}
FitBase::Running::~Running() { loop_.end(); }

bool FitBase::over() { return loop_->over(); }
void FitBase::start_pass() { loop_->start_pass(); }
void FitBase::begin_batch(double rows) { loop_->begin_batch(rows); }
bool FitBase::stopped_in_pass() { return loop_->stopped_in_pass(); }
void FitBase::end_batch() { loop_->end_batch(); }
void FitBase::end_pass() { loop_->end_pass(); }
void FitBase::leave_pass() noexcept { loop_->leave_pass(); }
void FitBase::end_epoch() { loop_->end_epoch(); }
void FitBase::step(const Measured& measured, double rows) { loop_->step(measured, rows); }
void FitBase::step(const std::function<Measured()>& measure, double rows) {
  loop_->step(measure, rows);
}
FitEpoch FitBase::view() { return FitEpoch(*loop_); }

}  // namespace xtape
