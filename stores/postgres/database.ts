/** A pool of connections to Postgres that says when the database is away, and when it is back. */
import pg from 'pg'
import { codeOf, hasCode, reasonOf, unavailable } from '#core/errors.ts'
import type { Logger } from '#core/loggers.ts'
import { pauseMs, RETRIES } from '#core/retry.ts'
import { type System, sleep } from '#core/system.ts'
import { migrate, schemaStatus } from './migrations.ts'

/** The address of the database and the size of its pool. */
export interface DatabaseOptions {
  readonly url: string
  readonly connectionsMax: number
  readonly system: System
  readonly logger: Logger
}

/** The connections of a pool now. `waiting` counts statements without a connection. */
export interface PoolFigures {
  readonly limit: number
  readonly used: number
  readonly idle: number
  readonly waiting: number
}

const CONNECT_MS = 3_000
const STATEMENT_MS = 10_000

/** SQLSTATE classes that blame the values of a statement: no wait makes them good. */
const OF_VALUES = /^(22|23)/

/**
 * The schema is brought up to date before the first statement, and after each time that the database was away. Whatever
 * goes wrong is trouble of the database, which passes, but for values that it does not take. While there is trouble each
 * statement is tried again after a pause that grows; a database of a newer schema is not written.
 */
export class Database {
  readonly #options: DatabaseOptions
  readonly #pool: pg.Pool
  #prepared: Promise<void> | undefined
  #failures = 0
  /** One for all who fail meanwhile. */
  #pause: Promise<void> | undefined
  #isWarned = false

  constructor(options: DatabaseOptions) {
    this.#options = options
    this.#pool = new pg.Pool({
      connectionString: options.url,
      max: options.connectionsMax,
      connectionTimeoutMillis: CONNECT_MS,
      statement_timeout: STATEMENT_MS,
      query_timeout: STATEMENT_MS + CONNECT_MS,
      keepAlive: true,
      application_name: 'caudal',
      allowExitOnIdle: true,
    })
    // A connection that breaks while nobody uses it: the next statement opens another one.
    this.#pool.on('error', () => {})
  }

  /** Rejects with UNAVAILABLE while the database is away; with the error itself where the values are at fault. */
  async query(statement: pg.QueryConfig): Promise<readonly Record<string, unknown>[]> {
    try {
      this.#prepared ??= this.#prepare()
      await this.#prepared
      const { rows } = await this.#pool.query(statement)
      this.#isBack()
      return rows
    } catch (error) {
      if (isOfValues(error)) throw error
      throw this.#trouble(error)
    }
  }

  /** How the connections are used now. */
  figures(): PoolFigures {
    const { totalCount, idleCount, waitingCount } = this.#pool
    const limit = this.#options.connectionsMax
    return { limit, used: totalCount - idleCount, idle: idleCount, waiting: waitingCount }
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  async #prepare(): Promise<void> {
    const client = await this.#pool.connect()
    try {
      const ran = await migrate(client)
      if (ran.length > 0) this.#options.logger.info('the schema of the database was changed', { ran })
      const { unknown } = await schemaStatus(client)
      if (unknown.length > 0)
        throw new TypeError(
          `its schema is newer than this version knows (${unknown.join(', ')}); run the newer version`,
        )
      client.release()
    } catch (error) {
      // Whatever it waits for or holds ends with it.
      client.release(true)
      throw error
    }
  }

  #isBack(): void {
    if (this.#isWarned) this.#options.logger.info('the database answers again')
    this.#failures = 0
    this.#isWarned = false
  }

  #trouble(error: unknown): unknown {
    if (hasCode(error, 'UNAVAILABLE')) return error
    const { logger, system } = this.#options
    this.#prepared = undefined
    const reason = `the database: ${reasonOf(error) || 'it is away'}`
    const fields = { error: reason, code: codeOf(error) }
    if (!this.#isWarned) logger.warn('writes wait: the database does not answer', fields)
    this.#isWarned = true
    this.#pause ??= sleep(system, pauseMs(RETRIES.database, this.#failures++, system)).then(() => {
      this.#pause = undefined
    })
    return unavailable(reason, this.#pause)
  }
}

function isOfValues(error: unknown): boolean {
  return error instanceof pg.DatabaseError && OF_VALUES.test(error.code ?? '')
}
