import { fileURLToPath } from 'node:url'

/** The path under which Bun has the files of a single-file build. */
export const isOneFile = import.meta.url.startsWith('file:///$bunfs/')

/** The folder of files that belong to the code, such as migrations: the checkout, or the inside of a single-file build. */
export const filesRoot = fileURLToPath(new URL(isOneFile ? '.' : '../..', import.meta.url))

/** The folder that relative settings are resolved from: the checkout; for a single-file build, where it was started. */
export const settingsRoot = isOneFile ? process.cwd() : filesRoot
