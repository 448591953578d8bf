import type { Module } from '../module.ts'
import { configuredKeys } from './variables.ts'

/** API keys: who may call the service, and for what. */
export const accessModule: Module = {
  name: 'access',
  title: 'Access',
  tables: [{ name: 'api_keys', order: 'id' }],
  variables: [configuredKeys],
  // Keys can have the scopes of modules that are still to come, so that they need not be made again then.
  scopes: ['payments:write', 'inventory:write', 'deliveries:write', 'admin'],
  tags: { 'API keys': 'Who may call the service, and for what' },
}
