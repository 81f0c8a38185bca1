#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <xtape/core/error.hpp>
#include <xtape/data/csv_dataset.hpp>
#include <xtape/data/loader.hpp>

#include "../support/errors.hpp"
#include "../support/temporary_directory.hpp"

using namespace xtape;
using data::CsvDataset;
using data::CsvDatasetOptions;
using data::load_csv_dataset;
using data::Task;
using Doubles = std::vector<double>;
using Integers = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

namespace {

// Four flowers of Fisher's iris data (1936).
const std::string iris =
    "sepal_length,species,petal_width\n"
    "7.0,versicolor,1.4\n"
    "5.1,setosa,0.2\n"
    "6.3,virginica,2.5\n"
    "4.9,setosa,0.2\n";

CsvDataset load(const std::string& text, const CsvDatasetOptions& options = {}) {
  const TemporaryDirectory directory;
  return load_csv_dataset(directory.write("file.csv", Bytes(text.begin(), text.end())), options);
}

template <class E = IoError>
std::string complaint(const std::string& text, const CsvDatasetOptions& options = {}) {
  const TemporaryDirectory directory;
  const std::string path = directory.write("file.csv", Bytes(text.begin(), text.end()));
  std::string error = error_of<E>([&] { return load_csv_dataset(path, options); });
  if (error.starts_with(directory.path())) error.erase(0, directory.path().size() + 1);
  return error;
}

}  // namespace

TEST_CASE("load_csv_dataset: classes by name") {
  const auto [dataset, features, classes] = load(iris, {.label = "species"});
  CHECK(features == Texts{"sepal_length", "petal_width"});
  CHECK(classes == Texts{"setosa", "versicolor", "virginica"});
  CHECK(dataset.x.describe() == "float32[4, 2]");
  CHECK(dataset.y.describe() == "int64[4]");
  CHECK(dataset.x.to(Dtype::float64).to_vector<float>() ==
        std::vector<float>{7.0F, 1.4F, 5.1F, 0.2F, 6.3F, 2.5F, 4.9F, 0.2F});
  CHECK(dataset.y.to_vector<std::int64_t>() == Integers{1, 0, 2, 0});
  CHECK(data::Loader(dataset, {.batch_size = 2}).size() == 2);
}

TEST_CASE("load_csv_dataset: the label is the last column unless named, here by its index") {
  const std::string text = "1,2,0\n3,4,1\n";
  const CsvDatasetOptions last{.dtype = Dtype::float64, .csv = {.header = false}};
  const CsvDataset a = load(text, last);
  CHECK(a.dataset.x.to_vector<double>() == Doubles{1, 2, 3, 4});
  CHECK(a.dataset.x.dtype() == Dtype::float64);
  CHECK(a.dataset.y.to_vector<std::int64_t>() == Integers{0, 1});
  CHECK(a.feature_names == Texts{"0", "1"});
  CHECK(a.class_names == Texts{"0", "1"});
  const CsvDataset b = load("0,1,2\n1,3,4\n", {.label = 0, .csv = {.header = false}});
  CHECK(b.dataset.x.to_vector<double>() == Doubles{1, 2, 3, 4});
  CHECK(b.dataset.y.to_vector<std::int64_t>() == Integers{0, 1});
  CHECK(b.feature_names == Texts{"1", "2"});
}

TEST_CASE("load_csv_dataset: classes by number keep their numbers, eleven of them too") {
  std::string text = "x,y\n";
  for (int i = 10; i >= 0; --i) text += "5," + std::to_string(i) + (i % 2 == 0 ? ".0\n" : "\n");
  const CsvDataset set = load(text);
  CHECK(set.dataset.y.to_vector<std::int64_t>() == Integers{10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0});
  CHECK(set.class_names[10] == "10");
}

TEST_CASE("load_csv_dataset: test data take the classes of the training data") {
  const CsvDataset train = load(iris, {.label = "species"});
  const CsvDataset test = load("sepal_length,species,petal_width\n6.3,virginica,2.5\n",
                               {.label = "species", .classes = train.class_names});
  CHECK(test.dataset.y.to_vector<std::int64_t>() == Integers{2});
  CHECK(test.class_names == train.class_names);
  CHECK(complaint("a,y\n1,setosa\n2,rosa\n", {.classes = train.class_names}) ==
        "file.csv:3: column 2 \"y\": must be one of the 3 classes; got \"rosa\"");
  CHECK(load("a,y\n1,1\n2,-1\n", {.classes = {"-1", "1"}}).dataset.y.to_vector<std::int64_t>() ==
        Integers{1, 0});
  for (const Texts& classes : {Texts{"a"}, Texts{"a", "a"}, Texts{"1", "2", "1.0"}}) {
    CHECK(complaint<ValueError>(iris, {.classes = classes}) ==
          "load_csv_dataset: classes must be at least 2 that differ, and are for a classification");
  }
  CHECK_THROWS_AS(load(iris, {.task = Task::regression, .classes = {"a", "b"}}), ValueError);
}

TEST_CASE("load_csv_dataset: class_names of a file are its classes, in whatever form") {
  for (const char* text : {"a,y\n1,0.0\n2,1.0\n3,1\n", "a,y\n1,-0\n2,+1e0\n", "a,y\n1,00\n2,01\n",
                           "a,y\n1,bill\n2,1e0x\n3,nancy\n", "a,y\n1,\"b, c\"\n2,\" d \"\n",
                           "a,y\n1,1e400\n2,inf\n"}) {
    CAPTURE(text);
    const CsvDataset once = load(text), again = load(text, {.classes = once.class_names});
    CHECK(again.class_names == once.class_names);
    CHECK(again.dataset.y.to_vector<std::int64_t>() == once.dataset.y.to_vector<std::int64_t>());
  }
}

TEST_CASE("load_csv_dataset: classes that are all whole numbers are compared as such") {
  const auto labels = [](const std::string& text, const Texts& classes) {
    return load("a,y\n" + text, {.classes = classes}).dataset.y.to_vector<std::int64_t>();
  };
  CHECK(labels("1,3.0\n2,1\n3,+2\n", {"1", "2.0", "3"}) == Integers{2, 0, 1});
  CHECK(labels("1,-1.0\n2,+1\n", {"1", "-1"}) == Integers{1, 0});
  CHECK(labels("1,01\n2,1\n", {"1", "01", "other"}) == Integers{1, 0});
  // Not numbers here: float64 takes both for 2^53.
  CHECK(labels("1,9007199254740993\n2,9007199254740992\n",
               {"9007199254740992", "9007199254740993"}) == Integers{1, 0});
  CHECK(complaint("a,y\n1,1\n2,one\n", {.classes = {"1", "2"}}) ==
        "file.csv:3: column 2 \"y\": must be one of the 2 classes; got \"one\"");
  CHECK(complaint("a,y\n1,1.0\n2,one\n", {.classes = {"1", "one"}}) ==
        "file.csv:2: column 2 \"y\": must be one of the 2 classes; got \"1.0\"");
}

TEST_CASE("load_csv_dataset: a number among names, or a name among numbers") {
  const std::string rule =
      "labels must be all numbers or all names, unless `classes` names them; got ";
  CHECK(complaint("x,y\n1,0\n1,1\n1,l\n1,10\n") ==
        "file.csv:4: column 2 \"y\": " + rule + "\"l\" after \"0\"");
  CHECK(complaint("x,y\n1,l\n1,1\n") ==
        "file.csv:3: column 2 \"y\": " + rule + "\"1\" after \"l\"");
  CHECK(complaint("x,y\n1,0\n2,1e400\n") ==
        "file.csv:3: column 2 \"y\": " + rule + "\"1e400\" after \"0\"");
  CHECK(load("x,y\n1,K\n2,1\n", {.classes = {"K", "1"}}).dataset.y.to_vector<std::int64_t>() ==
        Integers{0, 1});
}

TEST_CASE("load_csv_dataset: texts that mean no label, unless they are classes") {
  for (const char* text : {"?", "NA", "na", "N/A", "n/a", "NaN", "NAN", "-nan", "null", "NULL"}) {
    const CsvDatasetOptions nonfinite{.task = Task::regression, .csv = {.nonfinite = true}};
    const std::string rule =
        "file.csv:3: column 2 \"y\": a label is needed; got \"" + std::string(text) + "\"";
    CHECK(complaint("x,y\n1,2\n2," + std::string(text) + "\n", nonfinite) == rule);
    CHECK(complaint("x,y\n1,EU\n2," + std::string(text) + "\n") == rule);
    const CsvDataset named = load("x,y\n1,EU\n2," + std::string(text) + "\n",
                                  {.classes = {text, "EU"}, .csv = {.missing = {"NA"}}});
    CHECK(named.dataset.y.to_vector<std::int64_t>() == Integers{1, 0});
  }
  CHECK(complaint("x,y\n1,2\n2,-Inf\n", {.task = Task::regression, .csv = {.nonfinite = true}}) ==
        "file.csv:3: column 2 \"y\": a label must be finite; got \"-Inf\"");
}

TEST_CASE("load_csv_dataset: a regression") {
  const CsvDataset set =
      load("x,y,z\n1,10.5,2\n3,-4,5\n", {.label = "y", .task = Task::regression});
  CHECK(set.dataset.x.to_vector<double>() == Doubles{1, 2, 3, 5});
  CHECK(set.dataset.y.describe() == "float32[2, 1]");
  CHECK(set.dataset.y.to_vector<double>() == Doubles{10.5, -4});
  CHECK(set.feature_names == Texts{"x", "z"});
  CHECK(set.class_names.empty());
  CHECK(complaint("x,y\n1,big\n", {.task = Task::regression}) ==
        "file.csv:2: column 2 \"y\": a number is needed; got \"big\"");
}

TEST_CASE("load_csv_dataset: missing features where they are asked for, missing labels never") {
  const CsvDatasetOptions options{.csv = {.missing = {"", "-"}}};
  const CsvDataset set = load("x,y\n,a\n1,b\n", options);
  CHECK(std::isnan(set.dataset.x.to_vector<double>()[0]));
  CHECK(complaint("x,y\n1,a\n2,\n", options) ==
        "file.csv:3: column 2 \"y\": a label is needed; the field is empty");
  CHECK(complaint("x,y\n1,a\n2,-\n", options) ==
        "file.csv:3: column 2 \"y\": a label is needed; got \"-\"");
  CHECK(complaint("x,y\nNA,a\n2,b\n") ==
        "file.csv:2: column 1 \"x\": a number is needed; got \"NA\"");
}

TEST_CASE("load_csv_dataset: labels that are no classes") {
  CHECK(complaint("x,y\n1,0\n1,1\n1,3\n") ==
        "file.csv: column 2 \"y\": classes that are numbers must be 0 to k - 1, unless `classes` "
        "names them; got 3 classes up to 3, without 2; quantities need .task = Task::regression");
  CHECK(complaint("x,y\n1,1\n1,2\n") ==
        "file.csv: column 2 \"y\": classes that are numbers must be 0 to k - 1, unless `classes` "
        "names them; got 2 classes up to 2, without 0; quantities need .task = Task::regression");
  const std::string
      rule = "a class must be a name or a whole number from 0, unless `classes` names it; got ",
      regression = "; quantities need .task = Task::regression";
  CHECK(complaint("x,y\n1,0\n1,1.5\n") ==
        "file.csv:3: column 2 \"y\": " + rule + "\"1.5\"" + regression);
  CHECK(complaint("x,y\n1,-1\n1,1\n") ==
        "file.csv:2: column 2 \"y\": " + rule + "\"-1\"" + regression);
  CHECK(complaint("x,y\n1,1e300\n1,1\n") ==
        "file.csv:2: column 2 \"y\": " + rule + "\"1e300\"" + regression);
  CHECK(complaint("x,y\n1,a\n1,a\n") ==
        "file.csv: column 2 \"y\": at least 2 classes are needed; got only \"a\"");
  CHECK(complaint("x,y\n1,0\n1,0\n") ==
        "file.csv: column 2 \"y\": at least 2 classes are needed; got only \"0\"");
}

TEST_CASE("load_csv_dataset: columns that are not there") {
  CHECK(complaint("y\n1\n0\n") == "file.csv: a feature and a label are needed; got 1 column");
  CHECK(complaint<ValueError>(iris, {.label = "kind"}) ==
        "file.csv: there is no column \"kind\"; there are \"sepal_length\", \"species\", "
        "\"petal_width\"");
  CHECK_THROWS_AS(load(iris, {.label = 3}), ValueError);
  CHECK_THROWS_AS(load(iris, {.label = "species", .dtype = Dtype::int64}), DtypeError);
}
