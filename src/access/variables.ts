import type { Variable } from '../platform/variables.ts'

/** Keys that are valid beside those in the database: the key and its scopes. */
export const configuredKeys: Variable<readonly { key: string; scopes: readonly string[] }[]> = {
  name: 'API_KEYS',
  preset: '',
  meaning: 'keys beside those made by "keys create": key=scope+scope, several with commas',
  isSecret: true,
  // A wrong entry is named by its number: the key itself must not get into a log.
  read({ text, isSet, scopes, report }) {
    if (!isSet) return []
    return text.split(',').map((entry, index) => {
      const [key = '', list = ''] = entry.trim().split('=')
      const wanted = list.split('+')
      if (key.length < 24) report(`API_KEYS: key ${index + 1} must have at least 24 characters`)
      if (wanted.some(scope => !scopes.includes(scope))) {
        report(`API_KEYS: the scopes of key ${index + 1} must be some of ${scopes.join(', ')}, joined by +`)
      }
      return { key, scopes: wanted }
    })
  },
}
