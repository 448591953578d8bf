import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { Failure, Skeleton } from '../parts/states.tsx'
import { ask } from '../platform/api.ts'
import { IdempotencyKey } from '../platform/idempotency-key.ts'
import { Latest } from '../platform/latest.ts'
import { notify } from '../platform/notices.ts'
import type { Erasure, ErasureReach } from './customer.ts'
import type { CustomerModel } from './customer-model.ts'
import { texts } from './texts.ts'

const words = texts.erase

/** Erases a customer, after a confirmation. */
export function EraseButton({ model }: { model: CustomerModel }) {
  const isAsked = useSignal(false)
  return (
    <>
      <button
        type="button"
        class="danger-quiet"
        onClick={() => {
          isAsked.value = true
        }}
      >
        {words.button}
      </button>
      {isAsked.value && (
        <EraseDialog
          model={model}
          close={() => {
            isAsked.value = false
          }}
        />
      )}
    </>
  )
}

/** Says what goes, what stays and what the service cannot reach, and begins the erasure. */
function EraseDialog({ model, close }: { model: CustomerModel; close: () => void }) {
  const key = useMemo(() => new IdempotencyKey(), [])
  const reach = useMemo(() => new Latest(() => ask<ErasureReach>('/api/erasures/reach')), [])
  useEffect(() => void reach.load(), [reach])
  const submit = async (form: FormData) => {
    const body = { reason: textOf(form, 'reason'), actor: 'web' }
    const erasure = await key.use(headers => ask<Erasure>(`${model.path}/erase`, { method: 'POST', headers, body }))
    await model.load()
    notify({ tone: 'good', text: erasure.state === 'finished' ? words.done : words.begun })
    close()
  }
  return (
    <FormDialog title={words.question} submit={words.submit} isDangerous onSubmit={submit} onClose={close}>
      <p>{words.effect(model.id)}</p>
      <Reach of={reach} />
      <ReasonField isNeeded />
    </FormDialog>
  )
}

function Reach({ of }: { of: Latest<ErasureReach> }) {
  const failure = of.failure.value
  const reach = of.value.value
  if (failure !== undefined) return <Failure error={failure} retry={() => void of.load()} />
  if (reach === undefined) return <Skeleton lines={4} />
  return (
    <div class="stack">
      {(['goes', 'stays', 'not_reached'] as const).map(part => (
        <section key={part}>
          <h3>{words.parts[part]}</h3>
          <ul class="sentences">
            {reach[part].map(sentence => (
              <li key={sentence}>{sentence}</li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  )
}
