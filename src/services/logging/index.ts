export { BackendError, type BackendErrorCode } from '../../runtime/ports/backend-error.ts'
export { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'
export { NotConfiguredError } from '../../runtime/ports/not-configured-error.ts'
export type { Alert, AlertRule, LogCondition, MetricCondition } from './alerts/alert-rule.ts'
export { createAlerts, type Alerts, type AlertsOptions } from './alerts/create-alerts.ts'
export type { AuditEntry, AuditEvent, AuditVerdict } from './audit/audit-entry.ts'
export { AuditError, type AuditErrorCode } from './audit/audit-error.ts'
export {
  createAuditLog,
  type AuditAnchor,
  type AuditLog,
  type AuditLogOptions,
} from './audit/audit-log.ts'
export { configureContext, currentContext, runInContext, type Context } from './context/context.ts'
export { REQUEST_ID_HEADERS, requestIdOf } from './context/request-id.ts'
export { ExportError, type ExportErrorCode } from './exporting/export-error.ts'
export type { BatchOptions } from './exporting/batch-queue.ts'
export type { FlushResult } from './exporting/flush-result.ts'
export type {
  HealthCheck,
  HealthFinding,
  HealthProbe,
  HealthReport,
  HealthStatus,
} from './health/health-check.ts'
export { HealthCheckService, type HealthOptions } from './health/health-check-service.ts'
export {
  backendChecks,
  blobStoreCheck,
  circuitCheck,
  fetchCheck,
  queueCheck,
  scannerCheck,
  serviceChecks,
  type HealthCheckSettings,
} from './health/ready-checks.ts'
export { axiomSink, type AxiomSinkOptions } from './logs/axiom-sink.ts'
export { bunyanFormat } from './logs/bunyan-format.ts'
export { consoleSink, type ConsoleSinkOptions } from './logs/console-sink.ts'
export { datadogSink, type DatadogSinkOptions } from './logs/datadog-sink.ts'
export { ecsFormat } from './logs/ecs-format.ts'
export { httpSink, type HttpSinkOptions } from './logs/http-sink.ts'
export { LOG_LEVELS, type LogLevel } from './logs/log-level.ts'
export type { LogFormat, LogRecord, LogSink } from './logs/log-record.ts'
export type { LogSampling } from './logs/log-sampling.ts'
export type { LoggerOptions, LogSerializer } from './logs/logger-options.ts'
export { LoggerService } from './logs/logger-service.ts'
export { lokiSink, type LokiSinkOptions } from './logs/loki-sink.ts'
export { memorySink, type MemorySink } from './logs/memory-sink.ts'
export type { LogThreshold } from './logs/module-levels.ts'
export { pinoFormat } from './logs/pino-format.ts'
export { createPrettyFormat, prettyFormat, type PrettyFormatOptions } from './logs/pretty-format.ts'
export type { WideEvent } from './logs/wide-event.ts'
export { winstonFormat } from './logs/winston-format.ts'
export {
  analyticsEngine,
  type AnalyticsDataset,
  type AnalyticsEngineOptions,
} from './metrics/analytics-engine.ts'
export { MetricError, type MetricErrorCode } from './metrics/metric-error.ts'
export type {
  Exemplar,
  GaugeMerge,
  MetricFamily,
  MetricSeries,
  MetricType,
} from './metrics/metric-family.ts'
export type { Counter, ExemplarLabels, Gauge, Histogram } from './metrics/instruments.ts'
export { MetricsService, type ExposedMetrics } from './metrics/metrics-service.ts'
export {
  DEFAULT_BUCKETS,
  type GaugeOptions,
  type HistogramOptions,
  type MetricOptions,
  type MetricsExporter,
  type MetricsOptions,
} from './metrics/metrics-options.ts'
export { otlpMetrics, type OtlpMetricsOptions } from './metrics/otlp-metrics.ts'
export { pushgateway, type PushgatewayOptions } from './metrics/pushgateway.ts'
export { configureMetrics, trackMetric, type TrackedMetric } from './metrics/track-metric.ts'
export { observe, type FetchHandler, type ObservedHandlers } from './observing/observe.ts'
export type { Observation, RequestObservation, WorkObservation } from './observing/observation.ts'
export {
  createObserver,
  observationOf,
  type Observer,
  type WorkContext,
  type WorkOptions,
} from './observing/observer.ts'
export type { ErrorDetails, ErrorReporter, ObserverOptions } from './observing/observer-options.ts'
export { problemResponse } from './observing/problem-response.ts'
export { otlp, type OtlpOptions, type OtlpSink } from './otlp/otlp.ts'
export { createRedactor } from './redaction/create-redactor.ts'
export { hmacHash } from './redaction/hmac-hash.ts'
export { redactPII, type Redacted } from './redaction/redact-pii.ts'
export type { RedactionMode } from './redaction/redaction-mode.ts'
export type { Redaction, Redactor } from './redaction/redactor.ts'
export type { RedactorOptions } from './redaction/redactor-options.ts'
export { configureTracing, startTrace, trace } from './traces/configured-tracing.ts'
export type { Baggage, BaggageEntry } from './traces/baggage.ts'
export { registerOpenTelemetry, type OpenTelemetryApi } from './traces/open-telemetry.ts'
export { parentSampler, ratioSampler, type Sampler, type SpanCandidate } from './traces/sampler.ts'
export type {
  Attributes,
  OpenSpan,
  Span,
  SpanEvent,
  SpanKind,
  SpanRecord,
  SpanSink,
} from './traces/span.ts'
export type { TraceContext } from './traces/trace-parent.ts'
export { TracingService, type SpanOptions } from './traces/tracing-service.ts'
export type { PlatformTracing, TailSampling, TracingOptions } from './traces/tracing-options.ts'
