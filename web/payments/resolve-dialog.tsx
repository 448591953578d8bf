import { useSignal } from '@preact/signals'
import { useMemo } from 'preact/hooks'
import { FormDialog, textOf } from '../parts/form-dialog.tsx'
import { ReasonField } from '../parts/reason-field.tsx'
import { Refusal, request } from '../platform/api.ts'
import { IdempotencyKey } from '../platform/idempotency-key.ts'
import { money } from '../platform/money.ts'
import { notify } from '../platform/notices.ts'
import type { Issue, IssueAction } from './issue.ts'
import { issueTexts } from './issue-texts.ts'
import { answerDeadlineMs } from './money-request.ts'
import { texts } from './texts.ts'

const actorCharactersMax = 200

type Props = { issue: Issue /** Reads the list again. */; refresh: () => Promise<void>; close: () => void }

/** Asks what is to be done about an issue, why, and who decides it. */
export function ResolveDialog({ issue, refresh, close }: Props) {
  const { id, kind, currency, amount, available_actions: actions, detail } = issue
  const key = useMemo(() => new IdempotencyKey(), [])
  const chosen = useSignal<IssueAction>(actions[0] ?? 'dismiss')
  const about = amount === null || currency === null ? undefined : money(amount, currency)
  const submit = async (form: FormData) => {
    const body = { action: chosen.value, reason: textOf(form, 'reason'), actor: textOf(form, 'actor') }
    const path = `/api/payment-issues/${encodeURIComponent(id)}/resolve`
    try {
      const signal = AbortSignal.timeout(answerDeadlineMs)
      await key.use(headers => request(path, { method: 'POST', headers, body, signal }))
    } catch (error) {
      // It is resolved already, or its payment has changed.
      if (error instanceof Refusal && error.status === 409) await refresh()
      throw error
    }
    notify({ tone: 'good', text: issueTexts.done })
    close()
    await refresh()
  }
  return (
    <FormDialog
      title={issueTexts.question(texts.issueKinds[kind])}
      submit={issueTexts.actions[chosen.value]}
      isDangerous={['refund', 'retry', 'void'].includes(chosen.value)}
      onSubmit={submit}
      onClose={close}
    >
      <p class="sentence">{detail}</p>
      <ActionChoice
        actions={actions}
        about={about}
        chosen={chosen.value}
        choose={action => {
          chosen.value = action
        }}
      />
      <ReasonField isNeeded />
      <label class="field">
        {issueTexts.actor}
        <input name="actor" required maxLength={actorCharactersMax} defaultValue={issueTexts.actorPreset} />
      </label>
    </FormDialog>
  )
}

type ChoiceProps = {
  actions: readonly IssueAction[]
  /** The amount that the issue is about; undefined where it is about none. */
  about: string | undefined
  chosen: IssueAction
  choose: (action: IssueAction) => void
}

/** The actions of an issue, each with what it does. */
function ActionChoice({ actions, about, chosen, choose }: ChoiceProps) {
  return (
    <fieldset class="choices">
      <legend class="field">{issueTexts.action}</legend>
      {actions.map(action => (
        <label key={action}>
          <input type="radio" name="action" checked={chosen === action} onChange={() => choose(action)} />
          <span>
            {issueTexts.actions[action]} <span class="faint">{issueTexts.effects[action](about)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  )
}
