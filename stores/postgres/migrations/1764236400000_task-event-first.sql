-- Up Migration
CREATE INDEX task_event_first ON task_event (at DESC, record_id DESC)
  WHERE kind = 'accepted' OR (kind = 'failed' AND detail ->> 'reason' = 'invalid_input');

-- Down Migration
DROP INDEX task_event_first;
