import type { Worker } from '../module.ts'
import type { Route } from '../platform/http.ts'
import type { Provider } from './provider.ts'
import { manual } from './providers/manual.ts'

/** A provider, and what runs of it. */
export type StartedProvider = Readonly<{
  provider: Provider
  /** What the payer is shown, where the provider has no pages of its own. */
  routes?: readonly Route[]
  workers?: readonly Worker[]
}>

/** The providers of a service by name, and what runs of them. */
export type Providers = Readonly<{
  byName: ReadonlyMap<string, Provider>
  routes: readonly Route[]
  workers: readonly Worker[]
}>

/** @param configured those that the configuration asks for; recorded money is always there */
export function providersOf(configured: readonly StartedProvider[]): Providers {
  const started: readonly StartedProvider[] = [{ provider: manual }, ...configured]
  return {
    byName: new Map(started.map(({ provider }) => [provider.name, provider])),
    routes: started.flatMap(({ routes = [] }) => routes),
    workers: started.flatMap(({ workers = [] }) => workers),
  }
}
