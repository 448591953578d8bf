/** A variable as it is set; of a secret nothing but that it is. */
export type Setting = { name: string; value: string | null; is_default: boolean; is_secret: boolean }

export type Dependency = { state: 'up' | 'down' | 'off'; detail?: string }

/** What `GET /api/system` answers. */
export type System = {
  version: string
  runtime: string
  started_at: string
  memory_bytes: number
  is_ready: boolean
  dependencies: Record<string, Dependency>
  lags: {
    relay_seconds: number | null
    consumer_messages: number | null
    webhooks_seconds: number | null
    log_seconds: number | null
    log_held_by: { pid: number | null; database: string; application: string; seconds: number | null } | null
  }
  settings: Setting[]
  needs_key: boolean
  grafana_url: string | null
}
