#pragma once
// Written by tests/reference/tables.py: pandas 3.1.1.
#include <string>
#include <vector>

namespace table_values {

struct File {
  std::string name, text;
  char delimiter;
  std::vector<std::string> columns;  // those without a name as pandas numbers them
  std::vector<std::vector<std::string>> rows;
};
inline const std::vector<File> files{
    {"to_csv",
     ",a,b\n0,1.5,x\n1,2.25,\"y, z\"\n",
     ',',
     {"Unnamed: 0", "a", "b"},
     {{"0", "1.5", "x"}, {"1", "2.25", "y, z"}}},
    {"to_csv of named rows",
     ",a,b\np,1.5,x\nq,2.25,\"y, z\"\n",
     ',',
     {"Unnamed: 0", "a", "b"},
     {{"p", "1.5", "x"}, {"q", "2.25", "y, z"}}},
    {"to_csv of two indices",
     ",,a,b\n1,p,1.5,x\n2,q,2.25,\"y, z\"\n",
     ',',
     {"Unnamed: 0", "Unnamed: 1", "a", "b"},
     {{"1", "p", "1.5", "x"}, {"2", "q", "2.25", "y, z"}}},
    {"to_string",
     "      a  c\np  1.50  3\nq  2.25  4",
     ' ',
     {"index", "a", "c"},
     {{"p", "1.50", "3"}, {"q", "2.25", "4"}}},
    {"write.csv",
     "\"\",\"a\",\"b\"\n\"1\",1.5,\"x\"\n\"2\",2.25,\"y, z\"\n",
     ',',
     {"Unnamed: 0", "a", "b"},
     {{"1", "1.5", "x"}, {"2", "2.25", "y, z"}}},
    {"write.table",
     "\"a\" \"b\"\n\"1\" 1.5 \"x\"\n\"2\" 2.25 \"y, z\"\n",
     ' ',
     {"index", "a", "b"},
     {{"1", "1.5", "x"}, {"2", "2.25", "y, z"}}},
    {"write.table with tabs",
     "a\tb\n1\t1.5\tx\n2\t2.25\ty, z\n",
     '\t',
     {"index", "a", "b"},
     {{"1", "1.5", "x"}, {"2", "2.25", "y, z"}}},
};

struct Instant {
  std::string format, text;
  double seconds;
};
inline const std::vector<Instant> instants{
    {"%d.%m.%Y", "31.12.2024", 1735603200},
    {"%m/%d/%Y", "2/9/2024", 1707436800},
    {"%Y%m%d", "20241231", 1735603200},
    {"%d-%b-%y", "09-oct-68", 3116966400},
    {"%d-%b-%y", "09-OCT-69", -7257600},
    {"%m/%d/%y %I:%M %p", "12/31/24 12:05 AM", 1735603500},
    {"%m/%d/%Y %I:%M:%S %p", "1/2/2024 12:05:09 PM", 1704197109},
    {"%Y%m%d%H%M%S", "20240229235958", 1709251198},
    {"%d/%b/%Y:%H:%M:%S %z", "10/Oct/2000:13:55:36 -0700", 971211336},
    {"%Y-%m-%dT%H:%M%z", "2024-02-29T23:59Z", 1709251140},
    {"%H.%M %d.%m.%Y", "7.05 1.3.2024", 1709276700},
    {"100%% %y%m%d", "100% 991231", 946598400},
};

}  // namespace table_values
