/** A certificate that nobody has signed, for servers of tests. Each test makes one, so that no key is kept with the code. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export function selfSigned(folder: string): { readonly key: Buffer; readonly cert: Buffer } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const words = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...names]
  execFileSync('openssl', words, { stdio: 'ignore' })
  return { key: readFileSync(key), cert: readFileSync(cert) }
}
