// What each key of the config does, in the words of the config reference and of the example. One
// that is missing here, or here and not in the schema, fails `make docs` and its test.

/** By dotted path; `[]` stands for each item of a list. Markdown without line breaks. */
export const KEY_DESCRIPTIONS: Readonly<Record<string, string>> = {
  data_dir: 'Where everything is kept. One server at a time.',
  'grpc.listen': 'The gRPC port. With port 0 the system picks a free one; the ready line names it.',
  'grpc.idle_timeout': 'A connection without a call is let go after this; clients open another.',
  'http.listen': 'The HTTP port, likewise.',
  'http.allowed_hosts':
    'On loopback, requests with another `Host` than localhost are refused unless it stands here.',
  'http.cors_origins':
    'Origins whose web pages may use the API, such as `https://grafana.example.org`.',
  'http.header_timeout':
    'What the headers of a request may take to arrive, from its connection on.',
  'http.body_timeout':
    'A body may be behind 1 KiB per second by so much before its connection is closed. One that ' +
    'comes faster may take as long as it likes.',
  'http.idle_timeout': 'A connection is kept for the next request for so long.',

  'storage.profile':
    'Presets of `memtable`, `compaction`, `index` and `block_cache`. A key that is set beats ' +
    'its preset.',
  'storage.wal.sync':
    'When a write is acknowledged. `group`: after an fsync that it shares with its ' +
    'neighbours; it ' +
    'survives a power cut. `interval`: before the fsync, which comes every ' +
    '`storage.wal.interval`. ' +
    '`os`: the kernel decides. All three survive a crash of the process.',
  'storage.wal.interval': 'Time between two fsyncs with `sync: interval`.',
  'storage.memtable.size':
    'Points wait in memory (and in the WAL) until there are so many bytes of them.',
  'storage.memtable.max_age': 'They wait no longer than this.',
  'storage.compaction.rate':
    'Bytes per second that merges may read and write. `auto`: half of what the disk was seen ' +
    'to take ' +
    'when memtables were written, and never less than 32MiB.',
  'storage.compaction.fan_in':
    'While a window takes points, so many tables of similar size are merged into one. More: ' +
    'fewer ' +
    'bytes written, more tables for each query.',
  'storage.compaction.slowdown_tables': 'From so many tables in one window on, writes are slowed.',
  'storage.compaction.stop_tables':
    'From so many tables in one window on, writes are held until some are merged.',
  'storage.index.level_zero_tables':
    'Tables of the tag index that wait before they are merged into its level 1.',
  'storage.index.level_ratio': 'How much more each further level may hold than the one above.',
  'storage.index.bloom_bits_per_key':
    'Bits of memory for each label set and label pair, which tell without a read what a table ' +
    'does not have; at 10 they are wrong once in 120 times, at 14 once in 840.',
  'storage.series_cache':
    'Memory of series from which on those that were not written to lately are let go of, and ' +
    'read from the tag index when they are met again. Series that are written to stay whatever ' +
    'it says.',
  'storage.block_cache':
    'Blocks kept for queries: decompressed, and in up to half of it decoded, when they are read ' +
    'again and again.',
  'storage.pinned': 'Filters and indexes of tables kept in memory.',
  'storage.scrub_every':
    'Every table is read once in this time, to find damage while there is a backup; `forever`: ' +
    'never.',
  'storage.reserve':
    'Disk space kept back for a full disk: given up to flush and expire with, made again after.',

  'retention.policies':
    'A series belongs to the first policy it matches; the last one must take all that are left. ' +
    'Or `redis`, the set that `varve retention publish` has put on `retention.redis`.',
  'retention.policies[].name': 'Names a directory of windows, and the policy in plans and logs.',
  'retention.policies[].match': 'Series of the policy. `{}` takes every series.',
  'retention.policies[].keep': 'Points older than this go.',
  'retention.policies[].window':
    'What is dropped at once, so points go at most one window after their `keep`.',
  'retention.policies[].max_bytes':
    'Over it, the oldest windows of the policy go first, whatever their `keep`.',
  'retention.policies[].rollups':
    'What is kept for longer than the points: of each series and step its count, sum, smallest, ' +
    'largest, first and last value, and resets. Queries read it where it answers as the points ' +
    'do, and where these are gone.',
  'retention.policies[].rollups[].every':
    'Width of a step; divides `window`. Queries whose step and range are multiples of it are ' +
    'exact.',
  'retention.policies[].rollups[].keep':
    'Summaries older than this go; not less than the `keep` of the policy.',
  'retention.max_bytes':
    'The same for all policies together, the oldest windows of any of them first.',
  'retention.sweep_every': 'Time between two looks for windows to drop.',
  'retention.redis':
    '`redis://host:6379`: sweeps, rollups, compactions and snapshots run as BullMQ jobs, each ' +
    'once per server. Published policies are read there.',

  'ingest.max_past':
    'Points older than this are rejected. So are those past the `keep` of their policy.',
  'ingest.max_future': 'Points further ahead of the clock than this are rejected.',
  'ingest.limits.series': 'Series at most; points of further ones are rejected.',
  'ingest.limits.series_per_metric':
    'The same for each metric name; `null` is no limit. The series that there are keep flowing; ' +
    'answers and the log name the metric, and its label with the most values.',
  'ingest.limits.points_per_second':
    'Points per second at most, all doors together; `null` is no limit.',
  'ingest.limits.labels_per_series': 'Labels of a series at most.',
  'ingest.limits.label_value_bytes': 'UTF-8 bytes of the name or value of a label at most.',
  'ingest.limits.event_bytes': 'Of a log event: its body and its attributes.',
  'ingest.limits.message': 'Bytes of one request or message at most, decompressed too.',
  'ingest.otlp.translation':
    'How names of OpenTelemetry become names of metrics and labels, in the words of Prometheus: ' +
    '`http.duration` in s becomes `http_duration_seconds` with the first of them.',
  'ingest.otlp.promote_resource_attributes':
    'Resource attributes that become labels of every series, such as `[service.version]`. All of ' +
    'them are on `target_info` anyway.',
  'ingest.otlp.promote_scope_metadata':
    'Whether the library that measured becomes the labels `otel_scope_name`, ' +
    '`otel_scope_version`, ...',
  'ingest.otlp.delta':
    'Changes since the last report: `accumulate` adds them up to counters, so that `rate` is ' +
    'right, ' +
    '`keep` stores them as they come, for `sum_over_time`, `reject` refuses them.',

  'ingest.events.stream_labels':
    'What of an OpenTelemetry log record makes the labels of its stream: `resource` for all of ' +
    'its resource attributes, `severity`, or names of attributes.',
  'ingest.events.max_streams':
    'Streams of events from which on OpenTelemetry senders begin no new ones: a label that ' +
    'changes with every record must not make a stream of each.',

  'ingest.event_metrics':
    'Metrics made of events as they arrive: counters, written every few seconds. See ' +
    '`ingest/docs/event-metrics.md`.',
  'ingest.event_metrics[].name': 'Of the metric.',
  'ingest.event_metrics[].match':
    'Which events count, in the words of `/api/v1/events`: ' +
    '`{service="api"} |= "error" !~ "retry [0-9]+"`.',
  'ingest.event_metrics[].by':
    'Labels of the stream that the counter keeps, or attributes of the event.',
  'ingest.event_metrics[].value':
    'A regular expression with one named group, `took (?P<ms>[0-9.]+) ms`: events add the number ' +
    'that it finds, and those without one nothing. `null`: each adds 1.',

  'query.lookback': 'How far back a query looks for the newest point of a series.',
  'query.max_steps': 'Steps of one range query at most. A refusal names its key, here and below.',
  'query.max_series': 'Series that one query may select or return.',
  'query.max_samples': 'Points that one query may read or hold.',
  'query.max_bytes': 'Bytes of points and columns that one query may hold.',
  'query.max_expression': 'Bytes of the text of one expression.',
  'query.max_depth': 'Levels of one expression.',
  'query.timeout': 'Time that one query may take; a request may ask for less.',
  'query.max_concurrent': 'Queries evaluated at once. Further ones wait for their turn.',
  'query.log_slower_than':
    'Queries that take so long are logged with what they cost; `0s` logs all of them, `null` none.',

  'auth.tokens':
    'With tokens, every request on both ports shows one: `Authorization: Bearer TOKEN`.',
  'auth.tokens[].name': 'Names the token in logs.',
  'auth.tokens[].token_sha256': 'Its hash: `printf %s TOKEN | sha256sum`.',
  'auth.tokens[].can': 'What it may do.',
  'auth.tokens[].labels': 'Set on every series that the token writes; it sees no others.',
  'auth.tokens[].limits.points_per_second':
    'Points per second of this token at most, beside what `ingest.limits` says of all.',
  'auth.tokens[].limits.series':
    'Series at most: with `labels`, those that have them; without, those that the token begins ' +
    'while the server runs. Who began a series is not stored: a restart counts such a token from ' +
    'none, and what was forgotten meanwhile counts on. A token with labels is held to its limit.',
  'auth.tokens[].limits.series_per_metric': 'Of these, for each metric name.',
  'auth.open': 'Without tokens only loopback may be listened on, unless this is `true`.',

  'tls.cert': 'PEM file, for both ports. A reload reads the file anew.',
  'tls.key': 'PEM file of its key.',
  'tls.client_ca': 'PEM file; clients show a certificate that it signed.',

  self_monitoring:
    "Write the server's own metrics and the host's through its own gRPC door, every 10 s.",
};
