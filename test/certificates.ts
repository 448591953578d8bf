import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Whether certificates can be made here: null if so, otherwise what is missing. */
export function certificatesAvailability(): string | null {
  return openssl(['version']) === null ? null : 'no openssl was found'
}

/** Files of an authority, and of a key with its certificate, which it has signed. */
export type Certificates = { ca: string; cert: string; key: string; keyAndCert: string }

/**
 * Makes an authority and a certificate of it, valid for two days.
 *
 * @param folder where the files go
 * @param name begins their names, and is what they are called
 * @param subjectAltName whom the certificate is for, such as IP:127.0.0.1
 */
export function makeCertificates(folder: string, name: string, subjectAltName: string): Certificates {
  const file = (end: string) => join(folder, `${name}-${end}.pem`)
  const paths = { ca: file('ca'), cert: file('cert'), key: file('key'), keyAndCert: file('key-and-cert') }
  const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2']
  const extended = (extensions: readonly string[]) => extensions.flatMap(extension => ['-addext', extension])
  const authority = ['-subj', `/CN=${name} authority`, ...extended(['basicConstraints=critical,CA:TRUE'])]
  const leaf = ['-subj', `/CN=${name}`, '-CA', paths.ca, '-CAkey', file('ca-key')]
  const extensions = extended([`subjectAltName=${subjectAltName}`, 'basicConstraints=critical,CA:FALSE'])
  for (const args of [
    [...make, ...authority, '-keyout', file('ca-key'), '-out', paths.ca],
    [...make, ...leaf, ...extensions, '-keyout', paths.key, '-out', paths.cert],
  ]) {
    const failure = openssl(args)
    if (failure !== null) throw new Error(`openssl could not make a certificate: ${failure}`)
  }
  writeFileSync(paths.keyAndCert, readFileSync(paths.key, 'utf8') + readFileSync(paths.cert, 'utf8'))
  return paths
}

/** @returns null when it went well */
function openssl(args: readonly string[]): string | null {
  const { error, status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (error) return error.message
  return status === 0 ? null : stderr
}
