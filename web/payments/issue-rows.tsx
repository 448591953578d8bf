import { orderAddress } from '../orders/addresses.ts'
import { Time } from '../parts/time.tsx'
import { money } from '../platform/money.ts'
import { paymentAddress } from './addresses.ts'
import type { Issue } from './issue.ts'
import { issueTexts } from './issue-texts.ts'
import { texts } from './texts.ts'

const { columns } = issueTexts

type Props = { issues: readonly Issue[]; resolve: (issue: Issue) => void }

/** Payment issues: what is wrong, what it is about, and how it was or can be resolved. */
export function IssueRows({ issues, resolve }: Props) {
  return (
    <table class="rows issues">
      <thead>
        <tr>
          <th scope="col">{columns.issue}</th>
          <th scope="col">{columns.about}</th>
          <th scope="col" class="amount">
            {columns.amount}
          </th>
          <th scope="col" class="when">
            {columns.opened}
          </th>
          <th scope="col" class="action">
            {columns.action}
          </th>
        </tr>
      </thead>
      <tbody>
        {issues.map(issue => (
          <Row key={issue.id} issue={issue} resolve={resolve} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ issue, resolve }: { issue: Issue; resolve: (issue: Issue) => void }) {
  const { kind, detail, amount, currency, opened_at: openedAt, order_uid: uid, provider } = issue
  return (
    <tr>
      <td>
        <strong>{texts.issueKinds[kind]}</strong>
        <p class="sentence">{detail}</p>
      </td>
      <td>
        <About issue={issue} />
      </td>
      <td class="amount">{amount !== null && currency !== null && money(amount, currency)}</td>
      <td class="when">
        <Time at={openedAt} />
      </td>
      <td class="action">
        {issue.state === 'open' ? (
          <button
            type="button"
            class="second small"
            data-row
            aria-label={issueTexts.resolveLabel(texts.issueKinds[kind], uid ?? provider)}
            onClick={() => resolve(issue)}
          >
            {issueTexts.resolve}
          </button>
        ) : (
          <Resolution issue={issue} />
        )}
      </td>
    </tr>
  )
}

/** The order and the payment, each with a link, and the provider. */
function About({ issue: { order_uid: uid, payment_id: paymentId, provider } }: { issue: Issue }) {
  return (
    <ul>
      {uid !== null && (
        <li>
          <span class="faint">{issueTexts.order}</span> <a href={orderAddress(uid)}>{uid}</a>
        </li>
      )}
      {paymentId !== null && (
        <li>
          <span class="faint">{issueTexts.payment}</span> <a href={paymentAddress(paymentId)}>{paymentId}</a>
        </li>
      )}
      <li class="faint">{provider}</li>
    </ul>
  )
}

function Resolution({ issue: { action, actor, reason } }: { issue: Issue }) {
  if (action === 'settled') return <>{issueTexts.settled}</>
  const done = (issueTexts.outcomes as Record<string, string>)[action ?? ''] ?? action ?? ''
  return (
    <>
      {issueTexts.resolved(done, actor ?? '')}
      {reason !== null && reason !== '' && <p class="reason">{reason}</p>}
    </>
  )
}
