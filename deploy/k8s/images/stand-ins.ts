/**
 * Images that stand in for those of the overlay `local` where no registry can be reached. They have its names, and what the
 * Debian and the Maven of this machine have. They take the users, folders and variables that the manifests set.
 */
import { appendFileSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { downloadKafka } from '../../local/kafka.ts'
import { buildImage } from './buildah.ts'
import { copyPackages, createRoot } from './root-folder.ts'

export interface StandIn {
  /** A folder beside this file, with a Dockerfile. */
  readonly folder: string
  /** The name that the overlay has for it. */
  readonly tag: string
  readonly packages: readonly string[]
  /** A folder that its user writes, with the number of that user. */
  readonly owned?: readonly [path: string, user: number]
  /** Further files, put into the root. */
  fill?(root: string): Promise<void>
}

const SHELL = ['dash', 'coreutils', 'sed', 'grep']
const DATABASE_USER = 999

export const STAND_INS: readonly StandIn[] = [
  {
    folder: 'kafka',
    tag: 'docker.io/apache/kafka:4.1.0',
    packages: [...SHELL, 'openjdk-17-jre-headless'],
    fill: async root => {
      cpSync(await downloadKafka(), join(root, 'opt/kafka/libs'), { recursive: true })
      // The modules of Java look up its settings there.
      cpSync('/etc/java-17-openjdk', join(root, 'etc/java-17-openjdk'), { recursive: true })
    },
  },
  {
    folder: 'postgres',
    tag: 'docker.io/library/postgres:17.6',
    packages: [...SHELL, 'libc-bin', 'tzdata', 'postgresql-15', 'postgresql-client-15'],
    owned: ['var/lib/postgresql/data', DATABASE_USER],
    fill: async root => addUser(root, 'postgres', DATABASE_USER),
  },
  {
    folder: 'redis',
    tag: 'docker.io/library/redis:8.2.1',
    packages: ['dash', 'redis-server', 'redis-tools'],
    owned: ['data', DATABASE_USER],
  },
  {
    folder: 'prometheus',
    tag: 'docker.io/prom/prometheus:v3.5.0',
    packages: ['prometheus'],
    owned: ['prometheus', 65_534],
  },
]

export async function buildStandIn({ folder, tag, packages, owned, fill }: StandIn): Promise<void> {
  const context = mkdtempSync(join(tmpdir(), `caudal-${folder}-`))
  try {
    cpSync(join(import.meta.dirname, folder), context, { recursive: true })
    const root = join(context, 'root')
    createRoot(root)
    copyPackages(root, packages)
    if (owned) own(root, owned)
    await fill?.(root)
    await buildImage({ folder: context, tag })
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
}

function own(root: string, [path, user]: readonly [string, number]): void {
  mkdirSync(join(root, path), { recursive: true })
  chownSync(join(root, path), user, user)
}

/** Postgres runs as nobody whom it cannot name. */
async function addUser(root: string, name: string, id: number): Promise<void> {
  appendFileSync(join(root, 'etc/passwd'), `${name}:x:${id}:${id}::/:/bin/sh\n`)
  appendFileSync(join(root, 'etc/group'), `${name}:x:${id}:\n`)
}
