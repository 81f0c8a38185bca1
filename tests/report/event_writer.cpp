#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/create.hpp>
#include <xtape/core/error.hpp>
#include <xtape/data/kernels/wire.hpp>
#include <xtape/nn/dense.hpp>
#include <xtape/ops/elementwise.hpp>
#include <xtape/ops/reduce.hpp>
#include <xtape/optim/schedule.hpp>
#include <xtape/optim/sgd.hpp>
#include <xtape/report/event_writer.hpp>
#include <xtape/report/kernels/crc32c.hpp>
#include <xtape/train/fit.hpp>

#include "../support/errors.hpp"
#include "../support/golden.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::kernels::Message;
using report::EventWriter;

namespace {

std::uint64_t number(const std::string& bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i > 0; --i)
    value = value << 8U | static_cast<unsigned char>(bytes[at + i - 1]);
  return value;
}

/// The check bit by bit, as the definition has it, unmasked as TFRecord's readers do.
std::uint32_t check_of(const std::string& bytes) {
  std::uint32_t check = 0xffffffff;
  for (const char c : bytes) {
    check ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit)
      check = (check & 1U) != 0 ? check >> 1U ^ 0x82f63b78U : check >> 1U;
  }
  return ~check;
}
std::uint32_t unmasked(std::uint64_t masked) {
  const auto moved =
      static_cast<std::uint32_t>((masked + (1ULL << 32U) - 0xa282ead8ULL) & 0xffffffffU);
  return moved >> 17U | static_cast<std::uint32_t>((std::uint64_t{moved} << 15U) & 0xffffffffU);
}

/// What the records of a file hold; their lengths and checks are checked.
std::vector<std::string> records(const std::string& path) {
  const std::string file = golden::contents(path);
  std::vector<std::string> all;
  for (std::size_t at = 0; at < file.size();) {
    REQUIRE(file.size() - at >= 16);
    const std::size_t length = number(file, at, 8);
    REQUIRE(unmasked(number(file, at + 8, 4)) == check_of(file.substr(at, 8)));
    REQUIRE(file.size() - at >= 16 + length);
    all.push_back(file.substr(at + 12, length));
    REQUIRE(unmasked(number(file, at + 12 + length, 4)) == check_of(all.back()));
    at += 16 + length;
  }
  return all;
}

struct Field {
  std::uint64_t field = 0, kind = 0, value = 0;
  std::string bytes = {};
};

/// The fields of a message.
std::vector<Field> fields(const std::string& bytes) {
  std::vector<Field> all;
  std::size_t at = 0;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes.at(at++));
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.size()) {
    const std::uint64_t key = varint();
    Field one{key >> 3U, key & 7U};
    switch (one.kind) {
      case 0: one.value = varint(); break;
      case 1: one.value = number(bytes, at, 8), at += 8; break;
      case 5: one.value = number(bytes, at, 4), at += 4; break;
      default: {
        const std::size_t size = varint();
        one.bytes = bytes.substr(at, size);
        at += size;
      }
    }
    all.push_back(one);
  }
  return all;
}

/// The only value of an event's summary, and its step.
std::pair<std::vector<Field>, std::uint64_t> value_of(const std::string& event) {
  const auto outer = fields(event);
  REQUIRE(outer.size() == 3);
  CHECK(outer[0].field == 1);
  CHECK(std::bit_cast<double>(outer[0].value) > 1.7e9);  // seconds since 1970
  CHECK(outer[1].field == 2);
  CHECK(outer[2].field == 5);
  const auto summary = fields(outer[2].bytes);
  REQUIRE(summary.size() == 1);
  return {fields(summary[0].bytes), outer[1].value};
}

float number_of(const Field& scalar) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(scalar.value));
}

}  // namespace

TEST_CASE("crc32c: the vectors of RFC 3720, B.4") {
  using report::kernels::crc32c;
  std::string up, down;
  for (int i = 0; i < 32; ++i) {
    up += static_cast<char>(i);
    down += static_cast<char>(31 - i);
  }
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  CHECK(crc32c(up) == 0x46dd794e);
  CHECK(crc32c(down) == 0x113fdb5c);
  std::string command(48, '\0');  // an iSCSI SCSI Read (10) command
  const std::pair<std::size_t, int> bytes[]{{0, 0x01},  {1, 0xc0},  {16, 0x14}, {22, 0x04},
                                            {27, 0x14}, {31, 0x18}, {32, 0x28}, {40, 0x02}};
  for (const auto& [place, byte] : bytes) command[place] = static_cast<char>(byte);
  CHECK(crc32c(command) == 0xd9963a56);
  CHECK(crc32c("123456789") == 0xe3069283);  // the usual check of a check
  CHECK(crc32c("") == 0);
  CHECK(unmasked(report::kernels::masked_crc32c("123456789")) == 0xe3069283);
}

TEST_CASE("wire: the examples of the encoding of protocol buffers") {
  CHECK(Message().integer(1, 150).text() == "\x08\x96\x01");
  CHECK(Message().bytes(2, "testing").text() == "\x12\x07testing");
  CHECK(Message().message(3, Message().integer(1, 150)).text() == "\x1a\x03\x08\x96\x01");
  CHECK(Message().integer(1, -2).text() == "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  CHECK(Message().integer(1, 0).text() == std::string("\x08\x00", 2));
  CHECK(Message().real(1, 1.0).text() == std::string("\x09\0\0\0\0\0\0\xf0\x3f", 9));
  CHECK(Message().real(2, 1.0F).text() == std::string("\x15\0\0\x80\x3f", 5));
  CHECK(Message().reals(6, {1.0, 2.0}).text() ==
        std::string("\x32\x10\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\x40", 18));
}

TEST_CASE("wire: a text is UTF-8, whatever it was") {
  const auto string = [](const std::string& text) { return Message().string(1, text).text(); };
  CHECK(string("caf\u00e9") ==
        "\x0a\x05"
        "caf\u00e9");
  CHECK(string("caf\xe9!") ==
        "\x0a\x07"
        "caf\xef\xbf\xbd!");
  CHECK(string("\u4e2d").substr(2) == "\u4e2d");
  CHECK(string("\ufffd").substr(2) == "\ufffd");                    // is one
  CHECK(string("\xed\xa0\x80").substr(2) == "\ufffd\ufffd\ufffd");  // half of a pair
  CHECK(string(std::string("a\0b", 3)).substr(2) == std::string("a\0b", 3));
}

TEST_CASE("events: what is no UTF-8 in a tag or a text is replaced") {
  const TemporaryDirectory directory;
  EventWriter events(directory.path());
  const std::string bad = "caf\xe9", good = "caf\ufffd";
  events.scalar(bad, 1, 1);
  events.histogram(bad, {1.0}, 1);
  events.image(bad, zeros({2, 2}), 1);
  events.text(bad, bad, 1);
  const auto all = records(events.path());
  REQUIRE(all.size() == 5);
  for (std::size_t i = 1; i < all.size(); ++i) CHECK(value_of(all[i]).first.at(0).bytes == good);
  CHECK(fields(value_of(all[4]).first.at(2).bytes).at(2).bytes == good);
}

TEST_CASE("events: a version, then a record for each call, at once in the file") {
  const TemporaryDirectory directory;
  EventWriter events(directory.file("runs/first"));  // neither is there
  CHECK(events.path().starts_with(directory.file("runs/first/events.out.tfevents.")));
  auto all = records(events.path());
  REQUIRE(all.size() == 1);
  CHECK(fields(all[0]).at(1).bytes == "brain.Event:2");

  events.scalar("loss", 0.1, 7);
  events.scalar("loss", std::numeric_limits<double>::quiet_NaN(), std::int64_t{1} << 40U);
  all = records(events.path());
  REQUIRE(all.size() == 3);
  const auto [scalar, step] = value_of(all[1]);
  CHECK(step == 7);
  REQUIRE(scalar.size() == 2);
  CHECK(scalar[0].field == 1);
  CHECK(scalar[0].bytes == "loss");
  CHECK(scalar[1].field == 2);
  CHECK(number_of(scalar[1]) == 0.1F);
  CHECK(value_of(all[2]).second == std::uint64_t{1} << 40U);
}

TEST_CASE("events: a histogram has bounds, moments and buckets") {
  const TemporaryDirectory directory;
  EventWriter events(directory.path());
  const auto histogram = [&](const report::Values& values) {
    events.histogram("w", values, 1);
    const auto value = value_of(records(events.path()).back()).first;
    REQUIRE(value.at(1).field == 5);
    std::vector<std::vector<double>> parts;
    for (const Field& field : fields(value[1].bytes)) {
      parts.emplace_back();
      if (field.kind == 1) parts.back().push_back(std::bit_cast<double>(field.value));
      for (std::size_t at = 0; at < field.bytes.size(); at += 8)
        parts.back().push_back(std::bit_cast<double>(number(field.bytes, at, 8)));
    }
    REQUIRE(parts.size() == 7);
    REQUIRE(parts[5].size() == parts[6].size());
    return parts;
  };
  const auto usual = histogram(tensor({{-1.0, 2.0}, {2.0, INFINITY}, {NAN, 0.5}}));
  for (std::size_t i = 0; i < 5; ++i)
    CHECK(usual[i] == std::vector<double>{std::vector<double>{-1, 2, 4, 3.5, 9.25}[i]});
  CHECK(usual[5].back() == 2);
  CHECK(usual[6].front() == 1);
  CHECK(usual[6].back() == 2);
  CHECK(histogram({3.0, 3.0})[2] == std::vector<double>{2});
  CHECK(histogram({3.0, 3.0})[6].front() == 2);
  CHECK(histogram(std::vector<double>{})[2] == std::vector<double>{0});
}

TEST_CASE("events: what cannot be written or shown is told") {
  const TemporaryDirectory directory;
  CHECK(error_of<IoError>([] {
          return EventWriter("/dev/null/runs").path();
        }).ends_with(": cannot be written: Not a directory"));
  EventWriter events(directory.path()), other(directory.path());
  CHECK(events.path() != other.path());
  CHECK(
      error_of<ShapeError>([&] { return events.image("i", zeros({3}), 1), 0; }) ==
      "event_writer: the image must be [height, width], or with an axis of 1 or 3 channels behind "
      "or in front of these; got float32[3]");
  CHECK_THROWS_AS(events.image("i", zeros({2, 2, 2}), 1), ShapeError);
  CHECK(records(events.path()).size() == 1);
}

TEST_CASE("events: a callback writes the metrics of each epoch, over the steps") {
  const TemporaryDirectory directory;
  EventWriter events(directory.path());
  Rng rng(1);
  nn::Dense model(1, 1, {}, rng);
  optim::SGD optimizer(model, {.learning_rate = 0.1});
  const data::Dataset rows{ones({6, 1}), ones({6, 1})};
  data::Loader loader(rows, {.batch_size = 2});
  Fit fit(model, optimizer, loader,
          [&](const data::Dataset& batch) { return mean(square(model(batch.x) - batch.y)); },
          {.epochs = 2,
           .validation = rows,
           .epoch_schedule = optim::schedule::cosine(2),
           .on_epoch = {report::log_to(events)}});
  const History history = fit.run();
  const auto all = records(events.path());
  REQUIRE(all.size() == 1 + 6);
  const char* const names[]{"loss", "validation_loss", "learning_rate"};
  for (std::size_t i = 0; i < 6; ++i) {
    const auto [value, step] = value_of(all[i + 1]);
    CHECK(step == 3 * (i / 3 + 1));
    CHECK(value.at(0).bytes == names[i % 3]);
    CHECK(number_of(value.at(1)) == static_cast<float>(history[names[i % 3]][i / 3]));
  }
  Fit own(loader, {.epochs = 2, .on_epoch = {report::log_to(events)}});
  for (auto& epoch : own)
    for (auto& batch : epoch) batch.log("judge", 1);
  CHECK(value_of(records(events.path()).back()).second == 2 * 3);  // batches, without an optimizer
}

TEST_CASE("events: a callback writes the learning rate of each group of the optimizer") {
  const TemporaryDirectory directory;
  EventWriter events(directory.path());
  nn::Dense model(1, 1);
  optim::SGD optimizer({{"weight", model.weight}}, {.learning_rate = 0.5});
  optimizer.add_group({{"bias", model.bias}}, {.learning_rate = 0.125});
  data::Loader loader({ones({2, 1}), ones({2, 1})}, {.batch_size = 2});
  const auto loss = [&](const data::Dataset& batch) { return mean(square(model(batch.x))); };
  Fit(model, optimizer, loader, loss, {.epochs = 1, .on_epoch = {report::log_to(events)}}).run();
  const auto all = records(events.path());
  REQUIRE(all.size() == 1 + 3);
  const auto first = value_of(all[2]).first, second = value_of(all[3]).first;
  CHECK(first.at(0).bytes == "learning_rate");
  CHECK(number_of(first.at(1)) == 0.5F);
  CHECK(second.at(0).bytes == "learning_rate.1");
  CHECK(number_of(second.at(1)) == 0.125F);
}
