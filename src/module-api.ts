import type { Context } from './module.ts'

/** What a running module offers to those that build on it. */
export type ModuleApi<Offered extends object> = Readonly<{
  offer(context: Context, offered: Offered): void
  /** @throws Error when the module does not run: those that build on it stand behind it in the list */
  of(context: Context): Offered
}>

/** Declares what a module offers. Each service that runs in this process has its own. */
export function declareApi<Offered extends object>(moduleName: string): ModuleApi<Offered> {
  const all = new WeakMap<Context, Offered>()
  return {
    offer: (context, offered) => void all.set(context, offered),
    of(context) {
      const offered = all.get(context)
      if (offered === undefined)
        throw new Error(`the module ${moduleName} does not run, or runs later than who needs it`)
      return offered
    },
  }
}
