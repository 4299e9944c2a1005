/** Builds images with buildah, which needs no daemon. Its storage is that of the environment (CONTAINERS_STORAGE_CONF). */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { runCommand } from '../../local/run-command.ts'

export interface Build {
  readonly folder: string
  /** `Dockerfile` of the folder where it is left out. */
  readonly file?: string
  readonly tag: string
  readonly arguments?: Readonly<Record<string, string>>
  /** Folders of this machine that commands of the build see. */
  readonly volumes?: Readonly<Record<string, string>>
}

/** What is missing on this machine, each with what to install; empty when all is there. */
export function missingBuildah(): readonly string[] {
  const programs = ['buildah', 'podman', 'runc']
  const missing = programs.filter(program => spawnSync(program, ['--version']).status !== 0)
  return missing.length === 0 ? [] : [`${missing.join(', ')}: apt-get install buildah podman runc`]
}

/** The format is Docker's: that of the Open Container Initiative has no HEALTHCHECK. */
export async function buildImage(build: Build): Promise<void> {
  const { folder, tag, file = join(folder, 'Dockerfile'), arguments: given = {}, volumes = {} } = build
  await runCommand('buildah', [
    'bud',
    ...['--isolation', 'chroot', '--network', 'host', '--format', 'docker'],
    ...Object.entries(given).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...Object.entries(volumes).flatMap(([from, to]) => ['--volume', `${from}:${to}`]),
    ...['--file', file, '--tag', tag, folder],
  ])
}
