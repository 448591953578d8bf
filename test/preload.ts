import { afterAll, setDefaultTimeout } from 'bun:test'
import { releaseTestServer } from './database.ts'

// Runs once, after the last file: `bun test` reads it from bunfig.toml.
afterAll(releaseTestServer)

// Every file may be the one that has to start a server first, on a machine that has other things to do.
setDefaultTimeout(30_000)
