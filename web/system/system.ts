import type { DependencyState, SettingView, SystemView } from '../../src/system/views.ts'

/** What `GET /api/system` answers, and the parts of it. */
export type System = SystemView
export type Dependency = DependencyState
export type Setting = SettingView
