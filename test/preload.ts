import { afterAll } from 'bun:test'
import { releaseTestServer } from './database.ts'

// Runs once, after the last file: `bun test` reads it from bunfig.toml.
afterAll(releaseTestServer)
