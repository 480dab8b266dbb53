// Closed lists of the house. tests/evidence compares them with those of src/beffroi: one more there is one more here.

export const ENTRY_KINDS: ReadonlySet<unknown> = new Set([
  'view_opened', 'view_refused', 'view_cut', 'view_ended', 'destruction', 'hold', 'document_changed', 'login',
  'login_failed', 'logout', 'account_changed', 'recorder', 'keyring_opened', 'register_read', 'screen_changed',
  'post_changed', 'reviewed', 'restored', 'report_made', 'desk', 'register_term', 'register_pruned',
]);

export const ACTS: ReadonlySet<unknown> = new Set([
  'live', 'replay', 'extract', 'relay', 'ptz', 'read_register', 'configure',
]);

export const PURPOSES: ReadonlySet<unknown> = new Set([
  'F1', 'F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'F9', 'F10', 'F11', 'FE', 'FC',
]);

export const VERDICTS: ReadonlySet<unknown> = new Set([
  'allow', 'deny', 'unsettled',
]);

export const GAP_CAUSES: ReadonlySet<unknown> = new Set([
  'camera_unreachable', 'stream_stalled', 'stream_closed', 'refused_by_camera', 'no_order', 'recorder_stopped',
  'recorder_killed', 'disk_full', 'disk_error', 'clock_step', 'timestamps_jumped', 'parameters_changed', 'overrun',
  'unknown',
]);

/** Legal times of the places where a centre can be. */
export const ZONES: ReadonlySet<unknown> = new Set([
  'Europe/Paris', 'America/Cayenne', 'America/Guadeloupe', 'America/Marigot', 'America/Martinique', 'America/Miquelon',
  'America/St_Barthelemy', 'Indian/Kerguelen', 'Indian/Mayotte', 'Indian/Reunion', 'Pacific/Gambier', 'Pacific/Marquesas',
  'Pacific/Noumea', 'Pacific/Tahiti', 'Pacific/Wallis',
]);
