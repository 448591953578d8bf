import { readConfig } from '../src/config.ts'
import type { Module } from '../src/module.ts'
import { modules as allModules } from '../src/modules.ts'
import type { Values } from '../src/platform/variables.ts'

/** The values of variables as an environment sets them. @param modules whose variables there are; those of the service if left out */
export function valuesOf(
  environment: Readonly<Record<string, string>> = {},
  modules: readonly Module[] = allModules,
): Values {
  const { value } = readConfig(modules, environment, '/')
  return { value }
}
