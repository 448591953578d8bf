import type { Cart, CartWarning } from './basket.ts'
import { texts } from './texts.ts'

/** The warnings about a place of the cart and what lies below it. Pure. */
export function warningsAt({ warnings }: Pick<Cart, 'warnings'>, pointer: string): CartWarning[] {
  return warnings.filter(warning => warning.pointer === pointer || warning.pointer.startsWith(`${pointer}/`))
}

/** Whether nothing keeps the lines from being ordered. Pure. */
export function canBeOrdered(cart: Pick<Cart, 'warnings'>): boolean {
  return !warningsAt(cart, '/lines').some(({ code }) => code !== 'price_changed')
}

/** Says what the customer should know. */
export function Warnings({ of: warnings }: { of: readonly CartWarning[] }) {
  return (
    <>
      {warnings.map(({ code, detail, pointer }) => (
        <p key={code + pointer} class="warning">
          {sentence(code, detail)}
        </p>
      ))}
    </>
  )
}

/** Of some warnings the API says more than their code does. */
function sentence(code: CartWarning['code'], detail: string): string {
  const isTold = code === 'out_of_stock' || code === 'quantity_limited' || code === 'code_not_applicable'
  return isTold ? `${texts.warnings[code]}: ${detail}.` : texts.warnings[code]
}
