/** The statements that read the history of many runs from SQLite. */
import type { CostKey } from '../history.ts'

/** The first event of a run is that it was let in. A refused one has no other than that it failed. */
export const RUN_INDEX = `
CREATE INDEX IF NOT EXISTS task_event_first ON task_event (at DESC, record_id DESC)
  WHERE kind = 'accepted' OR (kind = 'failed' AND detail ->> '$.reason' = 'invalid_input');`

/** An event that came twice under one id was let in once, and is one run. */
export const FIRSTS = `
SELECT * FROM task_event
WHERE (kind = 'accepted' OR (kind = 'failed' AND detail ->> '$.reason' = 'invalid_input'))
  AND (:organization IS NULL OR organization_id = :organization)
  AND (:taskType IS NULL OR task_type = :taskType)
  AND (:text IS NULL OR task_id = :text OR instr(lower(coalesce(detail ->> '$.title', '')), lower(:text)) > 0)
  AND (:since IS NULL OR at >= :since) AND (:until IS NULL OR at < :until)
  AND (:at IS NULL OR (at, record_id) < (:at, :recordId))
  AND NOT EXISTS (
    SELECT 1 FROM task_event AS earlier
    WHERE earlier.organization_id = task_event.organization_id AND earlier.task_id = task_event.task_id
      AND (earlier.kind = 'accepted' OR (earlier.kind = 'failed' AND earlier.detail ->> '$.reason' = 'invalid_input'))
      AND (earlier.at, earlier.record_id) < (task_event.at, task_event.record_id)
  )
ORDER BY at DESC, record_id DESC LIMIT :limit`

const LONG = ['reply', 'messages', 'answer', 'structured'].map(name => `'$.${name}'`).join(', ')

export const OF_RUNS = `
SELECT record_id, organization_id, task_id, task_type, at, rank, kind, json_remove(detail, ${LONG}) AS detail
FROM task_event
WHERE (organization_id, task_id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))
ORDER BY at, rank, record_id`

const KEYS: Readonly<Record<CostKey, string>> = {
  organization: 'call.organization_id',
  task_type: 'call.task_type',
  model: "coalesce(call.detail ->> '$.model', '')",
  prompt_version: "coalesce(call.detail ->> '$.prompt_version', '')",
  attempt: `CASE WHEN call.kind = 'call_failed' THEN 'failed' WHEN call.kind = 'scored' THEN 'judged'
    WHEN call.kind = 'generated' THEN 'first' ELSE 'again' END`,
}

/** Only calls that brought a reply have tokens; others cost nothing. */
export const costsBy = (key: CostKey): string => `
SELECT ${KEYS[key]} AS key, count(*) AS calls,
  sum((call.detail ->> '$.tokens_prompt') + (call.detail ->> '$.tokens_completion')) AS tokens,
  coalesce(sum(call.detail ->> '$.cost_usd'), 0) AS usd,
  sum(call.detail ->> '$.cost_usd' IS NULL) AS unpriced,
  coalesce(sum(CASE WHEN call.kind = 'call_failed' OR EXISTS (
    SELECT 1 FROM task_event AS last WHERE last.organization_id = call.organization_id
      AND last.task_id = call.task_id AND last.kind = 'failed'
  ) AND NOT EXISTS (
    SELECT 1 FROM task_event AS last WHERE last.organization_id = call.organization_id
      AND last.task_id = call.task_id AND last.kind = 'delivered'
  ) THEN call.detail ->> '$.cost_usd' END), 0) AS usd_undelivered
FROM task_event AS call
WHERE call.kind IN ('generated', 'regenerated', 'scored', 'call_failed')
  AND call.detail ->> '$.tokens_prompt' IS NOT NULL
  AND call.at >= :from AND call.at < :to AND (:organization IS NULL OR call.organization_id = :organization)
GROUP BY 1 ORDER BY usd DESC, key LIMIT 1000`
