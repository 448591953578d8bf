import { useSignal } from '@preact/signals'
import { useCallback, useEffect } from 'preact/hooks'
import { usePolling } from '../parts/polling.ts'
import { Failure, Skeleton } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { base } from '../platform/address.ts'
import { ask } from '../platform/api.ts'
import { PageHead } from '../shell/page.tsx'
import { Configuration } from './configuration.tsx'
import { Lags } from './lags.tsx'
import type { Dependency, System } from './system.ts'
import { texts } from './texts.ts'

const refreshEveryMs = 3_000

/** The running service: dependencies, lags, configuration and links. */
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
      <PageHead title={texts.title} />
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
          <Links grafana={shown.grafana_url} pages={shown.pages} />
          <Configuration settings={shown.settings} />
        </div>
      )}
    </>
  )
}

function Service({ system }: { system: System }) {
  return (
    <section class="card" aria-labelledby="service-title">
      <h2 id="service-title">{texts.service}</h2>
      <p class={`readiness ${system.is_ready ? 'is-ready' : 'bad'}`} role="status">
        {system.is_ready ? texts.ready : texts.notReady}
      </p>
      <dl class="pairs">
        <dt>{texts.version}</dt>
        <dd>{system.version}</dd>
        <dt>{texts.runtime}</dt>
        <dd>{system.runtime}</dd>
        <dt>{texts.started}</dt>
        <dd>
          <Time at={system.started_at} isAbsolute />
        </dd>
        <dt>{texts.memory}</dt>
        <dd>{texts.megabytes(system.memory_bytes)}</dd>
        <dt>{texts.access}</dt>
        <dd>{system.needs_key ? texts.accessNeeded : texts.accessOpen}</dd>
      </dl>
    </section>
  )
}

const tones = { up: 'good', down: 'bad', off: 'plain' } as const

function Dependencies({ dependencies }: { dependencies: Record<string, Dependency> }) {
  return (
    <section class="card" aria-labelledby="dependencies-title">
      <h2 id="dependencies-title">{texts.dependencies}</h2>
      <ul class="dependencies">
        {Object.entries(dependencies).map(([name, { state, detail }]) => (
          <li key={name}>
            <span>{(texts.names as Record<string, string>)[name] ?? name}</span>
            <span class={`tag tone-${tones[state]}`}>{texts.states[state]}</span>
            {state !== 'up' && <span class="faint">{detail ?? texts.details[state]}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}

function Links({ grafana, pages }: { grafana: string | null; pages: System['pages'] }) {
  const outside = [
    ...pages.map(({ title, path }) => [`${base}${path}`, title] as const),
    [`${base}/api/docs`, texts.api],
    [`${base}/api/openapi.json`, texts.openApi],
    [`${base}/api/asyncapi.json`, texts.asyncApi],
    [`${base}/metrics`, texts.metrics] as const,
  ]
  return (
    <section class="card" aria-labelledby="links-title">
      <h2 id="links-title">{texts.links}</h2>
      <ul class="links">
        <li>
          {grafana === null ? (
            <span class="faint">{texts.grafanaUnknown}</span>
          ) : (
            <a href={grafana} rel="noreferrer">
              {texts.grafana}
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
