import type { ComponentChildren } from 'preact'
import { Icon } from '../parts/icon.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { isNotFound } from '../platform/api.ts'

type Props = {
  /** The list that the page leads back to. */
  list: { href: string; title: string }
  heading: ComponentChildren
  /** Reads what is shown. */
  model: { load(): Promise<void>; readonly failure: { readonly value: unknown } }
  /** What is said of an id that does not exist. */
  unknown: { title: string; hint: string }
  /** How many lines are drawn until it is read. */
  lines?: number
  /** What was read; nothing until then. */
  children: ComponentChildren
}

/** The page of one entry of a list: what it is, or why it is not shown: it is being read, could not be read, or does not exist. */
export function DetailPage({ list, heading, model, unknown, lines = 8, children }: Props) {
  const failure = model.failure.value
  const isUnknown = isNotFound(failure)
  const isRead = children !== false && children !== undefined
  return (
    <>
      <a class="back" href={list.href}>
        <Icon name="left" />
        {list.title}
      </a>
      {heading}
      {isUnknown && (
        <Empty title={unknown.title}>
          <p>{unknown.hint}</p>
        </Empty>
      )}
      {failure !== undefined && !isUnknown && <Failure error={failure} retry={() => void model.load()} />}
      {!isRead && failure === undefined && (
        <div class="card">
          <Skeleton lines={lines} />
        </div>
      )}
      {children}
    </>
  )
}
