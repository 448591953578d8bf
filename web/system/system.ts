import type { DependencyState, SettingView, SystemView } from '../../src/system/views.ts'

/** The response of `GET /api/system`, and its parts. */
export type System = SystemView
export type Dependency = DependencyState
export type Setting = SettingView
