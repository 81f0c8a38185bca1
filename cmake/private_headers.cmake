# Not installed.
set(XTAPE_PRIVATE_HEADERS
  core/binomial.hpp
  core/body.hpp
  core/depot.hpp
  core/draw.hpp
  core/fork.hpp
  core/leaf.hpp
  core/levels.hpp
  core/node_place.hpp
  core/parallel.hpp
  core/place.hpp
  core/rank_error.hpp
  core/require_eps.hpp
  core/scope.hpp
  core/storage.hpp
  core/table_gradient.hpp
  core/text.hpp
  core/together.hpp
  core/workers.hpp
  core/wraps.hpp
  core/write_log.hpp
  nn/module_state.hpp
  ops/aligned.hpp
  ops/dtype_cure.hpp
  ops/multiply.hpp
  ops/dropout_stream.hpp
  ops/unit.hpp
  ops/window_shape.hpp
  ops/distributions/gamma_draws.hpp
  ops/distributions/multivariate_normal.hpp
  ops/distributions/odds.hpp
  ops/distributions/parameters.hpp
  ops/distributions/saddle_point.hpp
  ops/gradcheck/compare.hpp
  ops/gradcheck/differences.hpp
  ops/gradcheck/problem.hpp
  ops/gradcheck/rule.hpp
  ops/linalg/matrix.hpp
  ops/replay/arena.hpp
  ops/replay/loops.hpp
  ops/replay/plan.hpp
  ops/replay/product_then.hpp
  ops/replay/program.hpp
  ops/replay/recorder.hpp
  ops/replay/script.hpp
  data/batch_parts.hpp
  data/block_reader.hpp
  data/checks.hpp
  data/column_texts.hpp
  data/csv_builder.hpp
  data/default_rng_scope.hpp
  data/folders.hpp
  data/input_file.hpp
  data/mapped_file.hpp
  data/open_blocks.hpp
  data/pipeline_fitted.hpp
  data/fingerprint.hpp
  data/prefetch.hpp
  data/row_order.hpp
  data/stacked.hpp
  data/unzip.hpp
  train/agreement.hpp train/evaluation.hpp train/evaluation_shared.hpp train/fit_checks.hpp train/fit_display.hpp train/fit_loop.hpp train/hash_sums.hpp train/interrupt.hpp train/means.hpp train/ranking.hpp train/run_folder.hpp train/search_folder.hpp train/validation_data.hpp
  report/axis.hpp report/bins.hpp report/image_stack.hpp report/labels.hpp report/layout.hpp
  report/plot_drawing.hpp report/signs.hpp
  export/c/memory.hpp export/c/quantize.hpp export/c/writer.hpp
  export/graph/attributes.hpp export/graph/common.hpp export/graph/graph.hpp
  export/graph/merger.hpp export/graph/recording.hpp export/graph/rules.hpp
  export/onnx/model.hpp export/onnx/writer.hpp
  dist/bucket.hpp dist/ending.hpp dist/exchanged.hpp dist/gradient_exchange.hpp dist/link.hpp dist/long_wait.hpp dist/meeting.hpp dist/same.hpp dist/together.hpp
  nn/arguments.hpp
  nn/clipped.hpp
  nn/labels.hpp
  ops/incomplete_gamma.hpp
  ops/indices.hpp
  ops/numbers.hpp
  ops/replaced.hpp
  ops/row.hpp
  ops/row_table.hpp
  ops/subscripts.hpp
)
