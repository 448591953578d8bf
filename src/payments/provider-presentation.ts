import { currencies } from '../platform/currencies.ts'
import { captureModes } from './payment.ts'
import type { Provider } from './provider.ts'
import type { ProviderView } from './views.ts'

/** Whole units of any currency, in its minor unit: what cannot represent them cannot represent less. */
const probe = 1_000_000

/** A provider as it is answered. Recorded money is always captured by hand. */
export function presentProvider(provider: Provider): ProviderView {
  const { name, title, methodTokens = {} } = provider
  const recorded = provider.isRecorded === true
  const unsupported = [...currencies].filter(
    ([code, currency]) => provider.toProviderAmount(probe, code, currency) === undefined,
  )
  return {
    name,
    title,
    recorded,
    capture_modes: recorded ? ['manual'] : captureModes,
    unsupported_currencies: unsupported.map(([code]) => code).toSorted(),
    method_tokens: Object.entries(methodTokens).map(([token, description]) => ({ token, description })),
  }
}
