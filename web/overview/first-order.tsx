import { CopyButton } from '../parts/copy-button.tsx'
import { SendButton } from '../parts/send-button.tsx'
import { base } from '../platform/address.ts'
import { apiKey } from '../platform/key.ts'
import { texts } from './texts.ts'

/** Shows how to send an order while there are none. */
export function FirstOrder() {
  const key = apiKey.value === undefined ? '' : ` -H "Authorization: Bearer $KEY"`
  const service = `${location.origin}${base}/api`
  const made = `curl -X POST ${service}/orders/test${key}`
  const own = `curl ${service}/orders${key} -H 'Content-Type: application/json' \\\n  --data @test/samples/valid/canonical.json`
  return (
    <section class="card first-order" aria-labelledby="first-title">
      <h2 id="first-title">{texts.firstOrder.title}</h2>
      <p>{texts.firstOrder.text}</p>
      <SendButton isLarge />
      <p class="faint">{texts.firstOrder.shell}</p>
      <Command text={made} />
      <p class="faint">{texts.firstOrder.own}</p>
      <Command text={own} />
    </section>
  )
}

function Command({ text }: { text: string }) {
  return (
    <div class="command">
      <pre>{text}</pre>
      <CopyButton text={text} label={texts.firstOrder.copy} />
    </div>
  )
}
