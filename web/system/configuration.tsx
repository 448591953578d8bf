import { systemTexts as words } from '../texts/system.ts'
import type { Setting } from './system.ts'

/** Every variable as it is set, without secrets. */
export function Configuration({ settings }: { settings: readonly Setting[] }) {
  return (
    <section class="configuration" aria-labelledby="configuration-title">
      <div class="card-head">
        <h2 id="configuration-title">{words.configuration}</h2>
        <p class="faint">{words.configurationNote}</p>
      </div>
      <table class="rows settings">
        <thead>
          <tr>
            <th scope="col">{words.variable}</th>
            <th scope="col">{words.value}</th>
          </tr>
        </thead>
        <tbody>
          {settings.map(setting => (
            <tr key={setting.name}>
              <td class="code">{setting.name}</td>
              <td>
                <Value setting={setting} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function Value({ setting: { value, is_default: isDefault, is_secret: isSecret } }: { setting: Setting }) {
  if (isSecret && !isDefault) return <span class="tag tone-active">{words.secretSet}</span>
  if (value === null || value === '') return <span class="faint">{words.notSet}</span>
  return (
    <>
      <code>{value}</code> {!isDefault && <span class="tag tone-active">{words.changed}</span>}
    </>
  )
}
