'use strict';
'require view';
'require poll';
'require rpc';
'require ui';

const declare = (method, params) => rpc.declare({ object: 'dhcp-hook', method, params });
const ask = [ 'status', 'aliases', 'check' ].map(method => declare(method));
const send = {
	request: declare('request', [ 'job' ]),
	flush: declare('flush', [ 'job' ]),
	cancel: declare('cancel', [ 'job' ]),
};

const states = {
	idle: [ 'success', _('idle') ],
	waiting: [ 'notice', _('waits for quiet') ],
	running: [ 'notice', _('running') ],
	retrying: [ 'warning', _('waits to try again') ],
	throttled: [ 'warning', _('requested too often, so throttled') ],
};

const reasons = {
	none: _('no target is up'),
	only: _('no other target has a lease'),
	hosts: _('a hosts file has its name'),
	reachable: _('the others are unreachable'),
	same_interface: _('its interface was seen last by this name'),
	preferred: _('first in the list of those that are up'),
	first_machine: _('all are reachable, and it is first in the list'),
	newest: _('its system has the newest lease'),
	current: _('the alias led there before'),
	recent: _('its lease was seen last'),
	latest: _('its lease ends last'),
};

// The text of any other obstacle says why dnsmasq does not have the alias.
const obstacles = {
	restart: _('after a restart of dnsmasq'),
};

const presences = {
	reachable: _('reachable'),
	unreachable: _('unreachable'),
	unknown: _('unknown'),
};

// To LuCI a string by itself is HTML; in a list it is text.
const text = (...parts) => E('span', parts);
const small = part => E('div', [ E('small', [ part ]) ]);
// On a phone a long one needs two lines.
const label = (style, title) => E('span', { 'class': `label ${style}`, 'style': 'display: inline-block; white-space: normal' }, [ title ]);
const ago = (now, moment) => _('%t ago').format(Math.max(0, Math.round(now - moment)));
const ahead = (now, moment) => _('in %t').format(Math.max(0, Math.round(moment - now)));

function table(titles, rows, none) {
	// A title is also what stands before a cell where the screen is too narrow for columns.
	const node = E('table', { 'class': 'table' }, [
		E('tr', { 'class': 'tr table-titles' }, titles.map(title => E('th', { 'class': 'th' }, [ title ])))
	]);
	cbi_update_table(node, rows, E('em', [ none ]));
	return node;
}

return view.extend({
	// What can't be asked says so, and does not hide the rest.
	load() {
		return Promise.all(ask.map(call => call().catch(fault => ({ status: 1, text: fault.message }))));
	},

	render(answers) {
		const body = E('div', this.sections(answers));
		this.refresh = () => this.load().then(answers => body.replaceChildren(...this.sections(answers)));
		poll.add(this.refresh);
		return E([ E('h2', [ _('Aliases') ]), body ]);
	},

	sections([ status, aliases, check ]) {
		const rows = aliases.aliases ?? [];
		// Rows of one alias, for instances of dnsmasq that differ, stand together.
		const isOneOfSeveral = index => [ rows[index - 1], rows[index + 1] ].some(other => other?.alias == rows[index].alias);
		return [
			...this.warnings(status, aliases, check),
			E('div', { 'class': 'cbi-section' }, [
				table([ _('Alias'), _('Leads to'), _('Since'), _('Why'), _('Candidates') ],
					rows.map((alias, index) => this.alias(alias, aliases.now, isOneOfSeveral(index))),
					_('There are no aliases yet: add one in the settings.'))
			]),
			E('div', { 'class': 'cbi-section' }, [
				E('h3', [ _('Jobs') ]),
				table([ _('Job'), _('State'), _('Requests'), _('Runs'), _('Restarts saved'), _('Last run'), '' ],
					(status.jobs ?? []).map(job => this.job(job, status.now)),
					_('There are no jobs.'))
			]),
		];
	},

	warnings(status, aliases, check) {
		const faults = [ status, aliases, check ].filter(answer => answer.status).map(answer => answer.text);
		if (status.stopped)
			faults.push(_('debounced is stopped, as process %d.').format(status.process));
		const danger = [ ...new Set(faults) ].map(fault => E('li', [ fault ])), warning = [];
		for (const { file, line, kind, text } of (check.findings ?? []).filter(finding => finding.kind != 'advice'))
			(kind == 'remark' ? warning : danger).push(E('li', [ text + ' ', E('small', [ line == null ? file : `${file}:${line}` ]) ]));
		if (check.in_force === false)
			warning.push(E('li', [ _('The settings were changed, and are not in force yet.') ]));
		return Object.entries({ danger, warning }).filter(([ , list ]) => list.length).map(([ style, list ]) =>
			E('div', { 'class': `alert-message ${style}` }, [ E('ul', { 'style': 'list-style-position: inside' }, list) ]));
	},

	alias(alias, now, hasPlace) {
		const leads = [ alias.target ?? '-' ];
		if (alias.addresses?.length)
			leads.push(small(alias.addresses.join(' ')));
		if (alias.obstacle)
			leads.push(small(obstacles[alias.obstacle] ?? alias.text ?? alias.obstacle));
		const since = [ alias.target == null ? '-' : alias.since == null ? _('before us') : ago(now, alias.since) ];
		if (alias.expires != null)
			since.push(small(_('ends %s').format(ahead(now, alias.expires))));
		const candidates = (alias.candidates ?? []).map(candidate => this.candidate(candidate, now));
		return [
			text(alias.alias, ...(hasPlace ? alias.confdirs ?? [] : []).map(small)),
			text(...leads),
			text(...since),
			text(reasons[alias.reason] ?? alias.reason),
			text(...(candidates.length ? candidates : [ '-' ])),
		];
	},

	candidate({ target, presence = 'unknown', reached, misses }, now) {
		const known = [ presences[presence] ?? presence ];
		if (reached != null)
			known.push(_('reached %s').format(ago(now, reached)));
		if (misses > 0)
			known.push(_('misses: %d').format(misses));
		return E('div', [ `${target}: ${known.join(', ')}` ]);
	},

	job(job, now) {
		const [ style, title ] = states[job.state] ?? [ '', job.state ];
		const isPending = job.due != null;
		const last = [ job.last_run == null ? '-' : ago(now, job.last_run) ];
		if (job.last_exit)
			last.push(' ', label('important', _('status %d').format(job.last_exit)));
		// Each as "KIND WHO: WHAT".
		const causes = job.causes ?? [];
		last.push(...causes.slice(0, 5).map(small));
		if (causes.length > 5)
			last.push(small(_('and %d more').format(causes.length - 5)));
		return [
			text(job.job, small(job.command)),
			text(label(style, title), isPending ? ' ' + ahead(now, job.due) : ''),
			text(`${job.requests}`),
			text(`${job.runs}`, job.failures ? small(_('%d failed').format(job.failures)) : ''),
			text(`${job.saved}`),
			text(...last),
			E('div', [
				this.button('request', job, _('Request'), 'action', false), ' ',
				this.button('flush', job, _('Run now'), 'apply', !isPending), ' ',
				this.button('cancel', job, _('Cancel'), 'remove', !isPending),
			]),
		];
	},

	button(verb, job, title, style, isDisabled) {
		return E('button', {
			'class': `btn cbi-button cbi-button-${style}`,
			'click': ui.createHandlerFn(this, verb == 'request' ? 'send' : 'confirm', verb, job, title),
			'disabled': isDisabled || !L.hasViewPermission() || null,
		}, [ title ]);
	},

	confirm(verb, job, title) {
		ui.showModal(title, [
			E('p', [ verb == 'flush' ? _('Run "%s" at once? Its command is:').format(job.job)
				: _('Forget what is pending for "%s"? What it was asked for will not be done. Its command is:').format(job.job) ]),
			E('p', [ E('code', [ job.command ]) ]),
			E('div', { 'class': 'right' }, [
				E('button', { 'class': 'btn', 'click': ui.hideModal }, [ _('Back') ]), ' ',
				E('button', {
					'class': 'btn cbi-button-negative important',
					'click': ui.createHandlerFn(this, () => this.send(verb, job, title).finally(ui.hideModal)),
				}, [ title ]),
			]),
		]);
	},

	send(verb, job, title) {
		return send[verb](job.job).then(answer => {
			const note = ui.addNotification(title, E('p', [ answer.text || _('%s: done').format(job.job) ]),
				answer.status ? 'danger' : 'info');
			// One that goes by itself, addTimeLimitedNotification, came after 24.10.
			if (!answer.status)
				setTimeout(() => note.remove(), 5000);
			return this.refresh();
		});
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null,
});
