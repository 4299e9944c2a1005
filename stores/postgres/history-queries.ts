/** The statements that read the history of many runs from Postgres. */
import type { CostKey } from '../history.ts'

const COLUMNS = `record_id, organization_id, task_id, task_type,
  round(extract(epoch FROM at) * 1000)::float8 AS at, rank, kind`

/** Its condition is that of the index `task_event_first`. An event that came twice under one id is one run. */
export const FIRSTS = `
SELECT ${COLUMNS}, detail::text AS detail FROM task_event
WHERE (kind = 'accepted' OR (kind = 'failed' AND detail ->> 'reason' = 'invalid_input'))
  AND ($1::text IS NULL OR organization_id = $1) AND ($2::text IS NULL OR task_type = $2)
  AND ($3::text IS NULL OR task_id = $3 OR strpos(lower(coalesce(detail ->> 'title', '')), lower($3)) > 0)
  AND ($4::float8 IS NULL OR task_event.at >= to_timestamp($4 / 1000.0))
  AND ($5::float8 IS NULL OR task_event.at < to_timestamp($5 / 1000.0))
  AND ($6::float8 IS NULL OR (task_event.at, record_id) < (to_timestamp($6 / 1000.0), $7::text))
  AND NOT EXISTS (
    SELECT 1 FROM task_event AS earlier
    WHERE earlier.organization_id = task_event.organization_id AND earlier.task_id = task_event.task_id
      AND (earlier.kind = 'accepted' OR (earlier.kind = 'failed' AND earlier.detail ->> 'reason' = 'invalid_input'))
      AND (earlier.at, earlier.record_id) < (task_event.at, task_event.record_id)
  )
ORDER BY task_event.at DESC, record_id DESC LIMIT $8::int`

export const OF_RUNS = `
SELECT ${COLUMNS}, (detail::jsonb - '{reply,messages,answer,structured}'::text[])::text AS detail
FROM task_event JOIN unnest($1::text[], $2::text[]) AS wanted (organization_id, task_id)
  USING (organization_id, task_id)
ORDER BY task_event.at, rank, record_id`

const KEYS: Readonly<Record<CostKey, string>> = {
  organization: 'call.organization_id',
  task_type: 'call.task_type',
  model: "coalesce(call.detail ->> 'model', '')",
  prompt_version: "coalesce(call.detail ->> 'prompt_version', '')",
  attempt: `CASE WHEN call.kind = 'call_failed' THEN 'failed' WHEN call.kind = 'scored' THEN 'judged'
    WHEN call.kind = 'generated' THEN 'first' ELSE 'again' END`,
}

const USD = "(call.detail ->> 'cost_usd')::float8"

/** Only calls that brought a reply have tokens; others cost nothing. */
export const costsBy = (key: CostKey): string => `
SELECT ${KEYS[key]} AS key, count(*)::float8 AS calls,
  sum((call.detail ->> 'tokens_prompt')::float8 + (call.detail ->> 'tokens_completion')::float8) AS tokens,
  coalesce(sum(${USD}), 0) AS usd,
  count(*) FILTER (WHERE ${USD} IS NULL)::float8 AS unpriced,
  coalesce(sum(${USD}) FILTER (WHERE call.kind = 'call_failed' OR EXISTS (
    SELECT 1 FROM task_event AS last WHERE last.organization_id = call.organization_id
      AND last.task_id = call.task_id AND last.kind = 'failed'
  ) AND NOT EXISTS (
    SELECT 1 FROM task_event AS last WHERE last.organization_id = call.organization_id
      AND last.task_id = call.task_id AND last.kind = 'delivered'
  )), 0) AS usd_undelivered
FROM task_event AS call
WHERE call.kind IN ('generated', 'regenerated', 'scored', 'call_failed')
  AND call.detail ->> 'tokens_prompt' IS NOT NULL
  AND call.at >= to_timestamp($1::float8 / 1000.0) AND call.at < to_timestamp($2::float8 / 1000.0)
  AND ($3::text IS NULL OR call.organization_id = $3)
GROUP BY 1 ORDER BY usd DESC, key LIMIT 1000`
