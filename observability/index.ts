/** `caudal/diagnostics`: what a pod reports about itself, for exporters. docs/diagnostics.md has the channels. */
export { DIAGNOSTIC_NAMES, type DiagnosticEvents, type DiagnosticName, subscribe } from '#core/diagnostics.ts'
export { LIMITS, type Limits } from '#core/limits.ts'
export {
  HISTOGRAM_BOUNDS_MS,
  type Histogram,
  type MetricDescription,
  POD_METRICS,
  type PodMetrics,
  STAGE_METRICS,
  type StageMetrics,
} from '#core/pod-metrics.ts'
