import { absolutePath, addressVariable, type Variable } from '../platform/variables.ts'

/** The environment variables of the page and its surroundings. */

export const staticDir: Variable<string> = {
  name: 'STATIC_DIR',
  preset: 'build/web',
  meaning: 'folder of the built page at /; its files are read once, at start',
  read: ({ text, isSet, folders }) => absolutePath(isSet ? folders.root : folders.files, text),
}

/** Where Grafana is for the people who look at the page; undefined: unknown. */
export const grafanaUrl = addressVariable({
  name: 'GRAFANA_URL',
  preset: '',
  meaning: 'address of Grafana, such as http://localhost:3000; the page links to it',
})
