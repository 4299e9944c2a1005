-- Up Migration
CREATE TABLE task_event (
  record_id text NOT NULL,
  organization_id text NOT NULL,
  task_id text NOT NULL,
  task_type text NOT NULL,
  at timestamptz NOT NULL,
  rank integer NOT NULL,
  kind text NOT NULL,
  detail json NOT NULL,
  PRIMARY KEY (at, record_id)
) PARTITION BY RANGE (at);
CREATE INDEX task_event_task ON task_event (organization_id, task_id, at, rank);
CREATE TABLE task_event_other PARTITION OF task_event DEFAULT;

-- Down Migration
DROP TABLE task_event;
