import { useSignal } from '@preact/signals'
import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { FormDialog } from '../parts/form-dialog.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { ask, request } from '../platform/api.ts'
import { forgetKey, takeKey } from '../platform/key.ts'
import { notify } from '../platform/notices.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import type { Key, MadeKey } from './key.ts'
import { KeyForm, NewKeyDialog } from './key-form.tsx'
import { KeyRows } from './key-rows.tsx'
import { texts } from './texts.ts'

/** The page of API keys. */
export default function KeysPage() {
  const list = useMemo(() => new PagedList<Key>('/api/keys'), [])
  /** Whether callers need a key now; undefined until that is known. */
  const isNeeded = useSignal<boolean | undefined>(undefined)
  const isAsked = useSignal(false)
  const made = useSignal<MadeKey | undefined>(undefined)
  const revoking = useSignal<Key | undefined>(undefined)
  const load = useCallback(async () => {
    // One after the other, so that the user is asked for a key once; the list shows a failure.
    await list.renew()
    if (list.failure.peek() !== undefined) return
    const system = await ask<{ needs_key: boolean }>('/api/system').catch(() => undefined)
    isNeeded.value = system?.needs_key
  }, [list, isNeeded])
  useEffect(() => void load(), [load])
  const create = async (name: string, scopes: readonly string[]) => {
    made.value = await ask<MadeKey>('/api/keys', { method: 'POST', body: { name, scopes } })
    isAsked.value = false
  }
  const onShown = (isUsed: boolean) => {
    if (isUsed && made.value !== undefined) takeKey(made.value.key)
    made.value = undefined
    void load()
  }
  const rows = list.rows.value
  const valid = rows?.filter(key => key.revoked_at === null) ?? []
  const revoke = async ({ id, name, is_current: isCurrent }: Key) => {
    await request(`/api/keys/${id}`, { method: 'DELETE' })
    revoking.value = undefined
    notify({ tone: 'good', text: texts.revokedNotice(name) })
    if (isCurrent) forgetKey()
    else await load()
  }
  return (
    <>
      <PageHead title={texts.title}>
        {rows !== undefined && isNeeded.value !== undefined && (
          <button
            type="button"
            onClick={() => {
              isAsked.value = true
            }}
          >
            {texts.create}
          </button>
        )}
      </PageHead>
      {list.failure.value !== undefined && <Failure error={list.failure.value} retry={() => void load()} />}
      {rows === undefined && list.failure.value === undefined && (
        <div class="card">
          <Skeleton lines={5} />
        </div>
      )}
      {isNeeded.value === false && (
        <section class="card open-access">
          <h2>{texts.openTitle}</h2>
          <p>{texts.openText}</p>
        </section>
      )}
      {rows?.length === 0 && (
        <Empty title={texts.none}>
          <p>{texts.noneHint}</p>
        </Empty>
      )}
      {rows !== undefined && rows.length > 0 && (
        <KeyRows
          keys={rows}
          revoke={key => {
            revoking.value = key
          }}
        />
      )}
      {rows !== undefined && !list.isComplete.value && (
        <p class="table-foot">
          <button type="button" class="second" disabled={list.isLoading.value} onClick={() => void list.more()}>
            {texts.more}
          </button>
        </p>
      )}
      {rows !== undefined && isNeeded.value === true && <p class="faint under">{texts.configured}</p>}
      {isAsked.value && (
        <KeyForm
          isFirst={isNeeded.value === false}
          create={create}
          close={() => {
            isAsked.value = false
          }}
        />
      )}
      {made.value !== undefined && (
        <NewKeyDialog made={made.value} isFirst={isNeeded.value === false} onDone={onShown} />
      )}
      {revoking.value !== undefined && (
        <RevokeDialog
          subject={revoking.value}
          isLast={valid.length === 1}
          revoke={revoke}
          close={() => {
            revoking.value = undefined
          }}
        />
      )}
    </>
  )
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
