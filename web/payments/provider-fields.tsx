import { useId } from 'preact/hooks'
import type { ProviderView } from '../../src/payments/views.ts'
import { commonTexts } from '../parts/texts.ts'
import { texts } from './texts.ts'

const words = texts.begin
const tokenCharactersMax = 255
const addressCharactersMax = 2000

export type Provider = ProviderView

type ChoiceProps = {
  /** Undefined until they are there. */
  providers: readonly Provider[] | undefined
  currency: string
  chosen: Provider | undefined
  choose: (name: string) => void
}

/** The configured providers; one that cannot take the currency cannot be chosen. */
export function ProviderChoice({ providers, currency, chosen, choose }: ChoiceProps) {
  return (
    <label class="field">
      {words.provider}
      <select
        name="provider"
        required
        value={chosen?.name ?? ''}
        aria-busy={providers === undefined}
        onChange={event => choose(event.currentTarget.value)}
      >
        {providers === undefined && <option value="">{commonTexts.loading}</option>}
        {providers?.map(provider => (
          <option key={provider.name} value={provider.name} disabled={!takes(provider, currency)}>
            {takes(provider, currency) ? provider.title : words.unsupported(provider.title, currency)}
          </option>
        ))}
      </select>
    </label>
  )
}

/** Whether a provider can represent amounts of a currency. */
export function takes({ unsupported_currencies: unsupported }: Provider, currency: string): boolean {
  return !unsupported.includes(currency)
}

/** What the provider charges: a token, or nothing where the payer chooses; and where the payer goes afterwards. */
export function MethodFields({ provider: { method_tokens: tokens } }: { provider: Provider }) {
  const [tokenHint, addressHint] = [useId(), useId()]
  return (
    <>
      <TokenField tokens={tokens} hintId={tokenHint} />
      <p id={tokenHint} class="faint">
        {tokens.length === 0 ? words.tokenHint : words.sandboxHint}
      </p>
      <label class="field">
        {words.returnUrl}
        <input
          name="return_url"
          type="url"
          pattern="https?://\S+"
          maxLength={addressCharactersMax}
          autocomplete="off"
          placeholder={words.returnUrlExample}
          aria-describedby={addressHint}
        />
      </label>
      <p id={addressHint} class="faint">
        {words.returnUrlHint}
      </p>
    </>
  )
}

function TokenField({ tokens, hintId }: { tokens: Provider['method_tokens']; hintId: string }) {
  if (tokens.length === 0) {
    return (
      <label class="field">
        {words.token}
        <input name="token" maxLength={tokenCharactersMax} autocomplete="off" aria-describedby={hintId} />
      </label>
    )
  }
  return (
    <label class="field">
      {words.token}
      <select name="token" aria-describedby={hintId}>
        <option value="">{words.noToken}</option>
        {tokens.map(({ token, description }) => (
          <option key={token} value={token}>
            {words.tokenOption(token, description)}
          </option>
        ))}
      </select>
    </label>
  )
}
