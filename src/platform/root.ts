import { fileURLToPath } from 'node:url'

/** Bun puts the files of a build of one file here. */
export const isOneFile = import.meta.url.startsWith('file:///$bunfs/')

/** The folder of what belongs to the code, such as the migrations: the checkout, or the inside of a build of one file. */
export const filesRoot = fileURLToPath(new URL(isOneFile ? '.' : '../..', import.meta.url))

/** The folder that relative settings are taken from: the checkout; of a build of one file, where it was started. */
export const settingsRoot = isOneFile ? process.cwd() : filesRoot
