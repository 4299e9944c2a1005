-- Up Migration
CREATE TABLE response_event (
  id text PRIMARY KEY,
  organization_id text NOT NULL,
  question_hash text NOT NULL,
  ts timestamptz NOT NULL,
  task_type text NOT NULL,
  user_id text,
  title text NOT NULL,
  content text,
  answer text NOT NULL,
  structured json,
  score jsonb NOT NULL,
  final double precision NOT NULL,
  exactness double precision NOT NULL,
  completeness double precision NOT NULL,
  clarity double precision NOT NULL,
  concision double precision NOT NULL,
  usefulness double precision NOT NULL,
  below_threshold boolean NOT NULL,
  error_attempts integer NOT NULL,
  quality_attempts integer NOT NULL,
  model text NOT NULL,
  prompt_version text NOT NULL,
  request_id text NOT NULL,
  calls bigint NOT NULL,
  tokens_prompt bigint NOT NULL,
  tokens_completion bigint NOT NULL,
  cost_usd double precision,
  asked_at timestamptz NOT NULL,
  trace_id text
);
CREATE INDEX response_event_question ON response_event (organization_id, question_hash, ts DESC);
CREATE INDEX response_event_time ON response_event (organization_id, ts DESC, id DESC);

-- Down Migration
DROP TABLE response_event;
