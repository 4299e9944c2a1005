/** All commands, in the order of the help. */

import { brakeList, brakeRelease, brakeSet } from '../commands/brake.ts'
import { configList, configSet, configUnset } from '../commands/config.ts'
import { databaseMigrate, databaseRebuild, databaseStatus } from '../commands/database.ts'
import { dlqList, dlqReplay, dlqShow } from '../commands/dlq.ts'
import { explain } from '../commands/explain.ts'
import { gateway } from '../commands/gateway.ts'
import { keyCreate, keyList, keyRevoke } from '../commands/key.ts'
import { lag } from '../commands/lag.ts'
import { load } from '../commands/load.ts'
import { modelServer } from '../commands/model-server.ts'
import { pods } from '../commands/pods.ts'
import { probe } from '../commands/probe.ts'
import { produce } from '../commands/produce.ts'
import { results } from '../commands/results.ts'
import { run } from '../commands/run.ts'
import { schemasCheck, schemasRegister } from '../commands/schemas.ts'
import { semanticCompare } from '../commands/semantic.ts'
import { simulate } from '../commands/simulate.ts'
import { start } from '../commands/start.ts'
import { stateGet } from '../commands/state.ts'
import { topicsApply, topicsPlan } from '../commands/topics.ts'
import { webhookList, webhookReplay, webhookTest } from '../commands/webhook.ts'
import type { Command } from './command.ts'

export const COMMANDS: readonly Command[] = [
  start,
  run,
  gateway,
  probe,
  produce,
  results,
  explain,
  topicsPlan,
  topicsApply,
  schemasCheck,
  schemasRegister,
  lag,
  pods,
  stateGet,
  configList,
  configSet,
  configUnset,
  brakeSet,
  brakeRelease,
  brakeList,
  databaseStatus,
  databaseMigrate,
  databaseRebuild,
  keyCreate,
  keyList,
  keyRevoke,
  dlqList,
  dlqShow,
  dlqReplay,
  webhookList,
  webhookTest,
  webhookReplay,
  semanticCompare,
  load,
  modelServer,
  simulate,
]
