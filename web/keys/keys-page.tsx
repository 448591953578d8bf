import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { FormDialog } from '../parts/form-dialog.tsx'
import { MoreButton } from '../parts/more-button.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { forgetKey, takeKey } from '../platform/key.ts'
import { notify } from '../platform/notices.ts'
import { PageHead } from '../shell/page.tsx'
import type { Key, MadeKey } from './key.ts'
import { KeyForm, NewKeyDialog } from './key-form.tsx'
import { KeyRows } from './key-rows.tsx'
import { KeysModel } from './keys-model.ts'
import { texts } from './texts.ts'

/** The page of API keys. */
export default function KeysPage() {
  const model = useMemo(() => new KeysModel(), [])
  useEffect(() => void model.load(), [model])
  const isAsked = useSignal(false)
  const rows = model.list.rows.value
  const failure = model.list.failure.value
  const isNeeded = model.isNeeded.value
  return (
    <>
      <PageHead title={texts.title}>
        {rows !== undefined && isNeeded !== undefined && (
          <button type="button" onClick={() => (isAsked.value = true)}>
            {texts.create}
          </button>
        )}
      </PageHead>
      {failure !== undefined && <Failure error={failure} retry={() => void model.load()} />}
      {rows === undefined && failure === undefined && (
        <div class="card">
          <Skeleton lines={5} />
        </div>
      )}
      {isNeeded === false && (
        <section class="card open-access">
          <h2>{texts.openTitle}</h2>
          <p>{texts.openText}</p>
        </section>
      )}
      {rows !== undefined && <Keys model={model} rows={rows} />}
      {rows !== undefined && isNeeded === true && <p class="faint under">{texts.configured}</p>}
      {isAsked.value && <NewKey model={model} close={() => (isAsked.value = false)} />}
    </>
  )
}

function Keys({ model, rows }: { model: KeysModel; rows: readonly Key[] }) {
  const revoking = useSignal<Key | undefined>(undefined)
  const valid = rows.filter(key => key.revoked_at === null)
  const revoke = async (key: Key) => {
    await model.revoke(key)
    revoking.value = undefined
    notify({ tone: 'good', text: texts.revokedNotice(key.name) })
    if (key.is_current) forgetKey()
    else await model.load()
  }
  return (
    <>
      {rows.length === 0 ? (
        <Empty title={texts.none}>
          <p>{texts.noneHint}</p>
        </Empty>
      ) : (
        <KeyRows keys={rows} revoke={key => (revoking.value = key)} />
      )}
      <MoreButton list={model.list} label={texts.more} />
      {revoking.value !== undefined && (
        <RevokeDialog
          subject={revoking.value}
          isLast={valid.length === 1}
          revoke={revoke}
          close={() => (revoking.value = undefined)}
        />
      )}
    </>
  )
}

/** Asks for a new key, and then shows it once. */
function NewKey({ model, close }: { model: KeysModel; close: () => void }) {
  const made = useSignal<MadeKey | undefined>(undefined)
  const isFirst = model.isNeeded.value === false
  const create = async (name: string, scopes: readonly string[]) => {
    made.value = await model.create(name, scopes)
  }
  if (made.value === undefined) return <KeyForm isFirst={isFirst} create={create} close={close} />
  const { key } = made.value
  const onDone = (isUsed: boolean) => {
    if (isUsed) takeKey(key)
    close()
    void model.load()
  }
  return <NewKeyDialog made={made.value} isFirst={isFirst} onDone={onDone} />
}

type RevokeProps = { subject: Key; isLast: boolean; revoke: (key: Key) => Promise<void>; close: () => void }

function RevokeDialog({ subject, isLast, revoke, close }: RevokeProps) {
  return (
    <FormDialog
      title={texts.revokeTitle(subject.name)}
      submit={texts.revoke}
      isDangerous
      onSubmit={() => revoke(subject)}
      onClose={close}
    >
      <p>{texts.revokeText}</p>
      {isLast ? <p>{texts.revokeLast}</p> : subject.is_current && <p>{texts.revokeCurrent}</p>}
    </FormDialog>
  )
}
