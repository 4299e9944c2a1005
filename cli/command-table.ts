/** All commands, in the order of the help. The module of each is loaded only when it is asked for: all together take seconds. */
import { TOPICS } from '#answers/topics.ts'
import type { Command, CommandBody } from './command/command.ts'

export interface CommandEntry extends Pick<Command, 'name' | 'summary'> {
  load(): Promise<Command>
}

export const COMMANDS: readonly CommandEntry[] = [
  entry(
    'start',
    'Runs the answer pipeline in this terminal and feeds it with a sample',
    async () => (await import('./commands/start.ts')).start,
  ),
  entry(
    'run',
    'Runs one pod of the pipeline until it is stopped, feeding nothing',
    async () => (await import('./commands/run.ts')).run,
  ),
  entry(
    'gateway',
    'Takes questions over HTTP and answers them, until it is stopped',
    async () => (await import('./commands/gateway.ts')).gateway,
  ),
  entry(
    'probe',
    'Asks the process on HOST and PORT whether it is live or ready',
    async () => (await import('./commands/probe.ts')).probe,
  ),
  entry(
    'produce',
    `Puts events from a file, or - for the standard input, into ${TOPICS.raw}`,
    async () => (await import('./commands/produce.ts')).produce,
  ),
  entry(
    'results',
    'Writes a line for each delivered answer',
    async () => (await import('./commands/results.ts')).results,
  ),
  entry(
    'explain',
    'Shows the graph: stages, operators, state, topics',
    async () => (await import('./commands/explain.ts')).explain,
  ),
  entry(
    'topics plan',
    'Tells which topics would be created, and which differ from what the graph needs',
    async () => (await import('./commands/topics.ts')).topicsPlan,
  ),
  entry(
    'topics apply',
    'Creates the topics that are missing',
    async () => (await import('./commands/topics.ts')).topicsApply,
  ),
  entry(
    'schemas check',
    'Tells which schemas are new, and whether each can read what its predecessor wrote',
    async () => (await import('./commands/schemas.ts')).schemasCheck,
  ),
  entry(
    'schemas register',
    'Registers the schemas that are new',
    async () => (await import('./commands/schemas.ts')).schemasRegister,
  ),
  entry(
    'lag',
    'Tells how many records wait before each stage, by the positions that its pods have stored',
    async () => (await import('./commands/lag.ts')).lag,
  ),
  entry(
    'pods',
    'Shows each pod with its tasks, its lag and what is in flight, by the report that it writes every 2 s',
    async () => (await import('./commands/pods.ts')).pods,
  ),
  entry(
    'state get',
    'Shows what an operator has stored under a key: values, maps and timers',
    async () => (await import('./commands/state.ts')).stateGet,
  ),
  entry(
    'config list',
    'Shows which task types are changed, and which changes the pipeline leaves out for their faults',
    async () => (await import('./commands/config.ts')).configList,
  ),
  entry(
    'config set',
    'Changes a task type from here on: prompts, model, weights, threshold, attempts, limits',
    async () => (await import('./commands/config.ts')).configSet,
  ),
  entry(
    'config unset',
    'Takes the change of a task type back: it is as declared again',
    async () => (await import('./commands/config.ts')).configUnset,
  ),
  entry(
    'brake set',
    'Stops calls of models from now on: all of them, or those of an organisation, a task type, a model',
    async () => (await import('./commands/brake.ts')).brakeSet,
  ),
  entry(
    'brake release',
    'Lets calls go again that a brake has stopped',
    async () => (await import('./commands/brake.ts')).brakeRelease,
  ),
  entry(
    'brake list',
    'Shows which calls are stopped, by whom and why',
    async () => (await import('./commands/brake.ts')).brakeList,
  ),
  entry(
    'database status',
    'Tells which changes of the schema the database has, and which are pending',
    async () => (await import('./commands/database.ts')).databaseStatus,
  ),
  entry(
    'database migrate',
    'Brings the schema of the database up to date',
    async () => (await import('./commands/database.ts')).databaseMigrate,
  ),
  entry(
    'database rebuild',
    'Writes answers and histories again, from the topics, into the database',
    async () => (await import('./commands/database.ts')).databaseRebuild,
  ),
  entry(
    'key create',
    'Makes a key of the gateway and prints it, once',
    async () => (await import('./commands/key.ts')).keyCreate,
  ),
  entry(
    'key list',
    'Shows the keys of the gateway by id, never the keys themselves',
    async () => (await import('./commands/key.ts')).keyList,
  ),
  entry(
    'key revoke',
    'Revokes a key by its id, or all keys of a name; gateways refuse them within a second',
    async () => (await import('./commands/key.ts')).keyRevoke,
  ),
  entry(
    'dlq list',
    'Lists what failed for good: invalid events, questions whose attempts are used up, dead letters',
    async () => (await import('./commands/dlq.ts')).dlqList,
  ),
  entry(
    'dlq show',
    'Shows one failure whole: input, faults, history, stack',
    async () => (await import('./commands/dlq.ts')).dlqShow,
  ),
  entry(
    'dlq replay',
    'Sends failures again, with their identity, to the topic where they failed',
    async () => (await import('./commands/dlq.ts')).dlqReplay,
  ),
  entry(
    'webhook list',
    'Lists the endpoints of webhooks, and how many messages each has not taken',
    async () => (await import('./commands/webhook.ts')).webhookList,
  ),
  entry(
    'webhook test',
    'Calls endpoints once with a signed webhook.test, and prints what comes of it',
    async () => (await import('./commands/webhook.ts')).webhookTest,
  ),
  entry(
    'webhook replay',
    'Sends again what endpoints have not taken, with all attempts',
    async () => (await import('./commands/webhook.ts')).webhookReplay,
  ),
  entry(
    'semantic compare',
    'Says whether the answer to one question may be served for another, and else which rule refuses it',
    async () => (await import('./commands/semantic.ts')).semanticCompare,
  ),
  entry(
    'load',
    `Sends events into ${TOPICS.raw} at a stated rate and measures until each has its outcome`,
    async () => (await import('./commands/load.ts')).load,
  ),
  entry(
    'model-server',
    'Serves a simulated model that speaks the OpenAI API, with the faults of a real provider',
    async () => (await import('./commands/model-server.ts')).modelServer,
  ),
  entry(
    'simulate',
    'Runs fleets of pods under seeded crashes, pauses and faults on virtual time, and checks what they did',
    async () => (await import('./commands/simulate.ts')).simulate,
  ),
]

function entry(name: string, summary: string, load: () => Promise<CommandBody>): CommandEntry {
  return { name, summary, load: async () => ({ name, summary, ...(await load()) }) }
}
