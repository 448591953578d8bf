import { useSignal } from '@preact/signals'
import { useCallback, useEffect } from 'preact/hooks'
import { usePolling } from '../parts/polling.ts'
import { Failure, Skeleton } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { ask } from '../platform/api.ts'
import { base } from '../routes.ts'
import { PageHead } from '../shell/page.tsx'
import { systemTexts as words } from '../texts/system.ts'
import { texts } from '../texts.ts'
import { Configuration } from './configuration.tsx'
import { Lags } from './lags.tsx'
import type { Dependency, System } from './system.ts'

const refreshEveryMs = 3_000

/** The service as it runs: what it depends on, how far it is behind, how it is set, and where to look further. */
export default function SystemPage() {
  const system = useSignal<System | undefined>(undefined)
  const failure = useSignal<unknown>(undefined)
  const load = useCallback(async () => {
    try {
      system.value = await ask<System>('/api/system')
      failure.value = undefined
    } catch (error) {
      failure.value = error
    }
  }, [system, failure])
  useEffect(() => void load(), [load])
  usePolling(load, refreshEveryMs)
  const shown = system.value
  return (
    <>
      <PageHead title={texts.titles.system} />
      {failure.value !== undefined && <Failure error={failure.value} retry={() => void load()} />}
      {shown === undefined && failure.value === undefined && (
        <div class="card">
          <Skeleton lines={8} />
        </div>
      )}
      {shown !== undefined && (
        <div class="system">
          <Service system={shown} />
          <Dependencies dependencies={shown.dependencies} />
          <Lags system={shown} />
          <Links grafana={shown.grafana_url} />
          <Configuration settings={shown.settings} />
        </div>
      )}
    </>
  )
}

function Service({ system }: { system: System }) {
  return (
    <section class="card" aria-labelledby="service-title">
      <h2 id="service-title">{words.service}</h2>
      <p class={`readiness ${system.is_ready ? 'is-ready' : 'bad'}`} role="status">
        {system.is_ready ? words.ready : words.notReady}
      </p>
      <dl class="pairs">
        <dt>{words.version}</dt>
        <dd>{system.version}</dd>
        <dt>{words.runtime}</dt>
        <dd>{system.runtime}</dd>
        <dt>{words.started}</dt>
        <dd>
          <Time at={system.started_at} isAbsolute />
        </dd>
        <dt>{words.memory}</dt>
        <dd>{words.megabytes(system.memory_bytes)}</dd>
        <dt>{words.access}</dt>
        <dd>{system.needs_key ? words.accessNeeded : words.accessOpen}</dd>
      </dl>
    </section>
  )
}

const tones = { up: 'good', down: 'bad', off: 'plain' } as const

function Dependencies({ dependencies }: { dependencies: Record<string, Dependency> }) {
  return (
    <section class="card" aria-labelledby="dependencies-title">
      <h2 id="dependencies-title">{words.dependencies}</h2>
      <ul class="dependencies">
        {Object.entries(dependencies).map(([name, { state, detail }]) => (
          <li key={name}>
            <span>{(words.names as Record<string, string>)[name] ?? name}</span>
            <span class={`tag tone-${tones[state]}`}>{words.states[state]}</span>
            {state !== 'up' && <span class="faint">{detail ?? words.details[state]}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}

function Links({ grafana }: { grafana: string | null }) {
  const outside = [
    [`${base}/api/docs`, words.api],
    [`${base}/api/openapi.json`, words.openApi],
    [`${base}/api/asyncapi.json`, words.asyncApi],
    [`${base}/metrics`, words.metrics],
  ] as const
  return (
    <section class="card" aria-labelledby="links-title">
      <h2 id="links-title">{words.links}</h2>
      <ul class="links">
        <li>
          {grafana === null ? (
            <span class="faint">{words.grafanaUnknown}</span>
          ) : (
            <a href={grafana} rel="noreferrer">
              {words.grafana}
            </a>
          )}
        </li>
        {outside.map(([href, label]) => (
          <li key={href}>
            <a href={href} target="_top">
              {label}
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}
