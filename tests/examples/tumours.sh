#!/bin/sh
# tumours.sh PROGRAM TABLE: the way from a table to another program. Trains, looks at what has been drawn, and
# lets the C file judge the rows of the table, whose numbers it gets as they are.
set -eu
"$1" --table "$2" --output .
for name in benign malignant; do grep -q ">$name<" confusion.svg; done
grep -q '>best epoch<' curves.svg
test -s tumours.onnx

cat >judge.c <<'END'
#include <stdio.h>
void model(const float* x, float* y);
int main(void) {
  int rows = 0, right = 0;
  char label[16];
  float x[30], y[2];
  while (scanf("%15s", label) == 1) {
    for (int i = 0; i < 30; ++i)
      if (scanf("%f", &x[i]) != 1) return 1;
    model(x, y);
    ++rows;
    right += (y[1] > y[0]) == (label[0] == 'm');
  }
  printf("%d rows, %d right\n", rows, right);
  return !(rows == 569 && right > 0.96 * rows);
}
END
cc -std=c11 -o judge judge.c tumours.c -lm
grep -v '^#' "$2" | tail -n +2 | tr , ' ' | ./judge
