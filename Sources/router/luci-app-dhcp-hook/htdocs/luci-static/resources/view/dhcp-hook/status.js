'use strict';
'require view';
'require poll';
'require rpc';
'require uci';
'require ui';
'require view.dhcp-hook.findings as findings';

const declare = (method, params) => rpc.declare({ object: 'dhcp-hook', method, params });
// A call that fails becomes an answer with the error's message, so the page still shows the other answers.
const [ askStatus, askAliases, askCheck ] = [ 'status', 'aliases', 'check' ]
	.map(method => declare(method)).map(call => () => call().catch(({ message }) => ({ status: 1, text: message })));
const send = Object.fromEntries([ 'request', 'flush', 'cancel' ].map(verb => [ verb, declare(verb, [ 'job' ]) ]));

const states = {
	idle: [ 'success', _('idle') ],
	waiting: [ 'notice', _('waiting') ],
	running: [ 'notice', _('running') ],
	retrying: [ 'warning', _('retrying') ],
	throttled: [ 'warning', _('throttled') ],
};

const reasons = {
	none: _('no target is up'),
	only: _('no other target has a lease'),
	hosts: _('a hosts file has its name'),
	reachable: _('no other target is reachable'),
	same_interface: _('its interface was seen last by this name'),
	preferred: _('first target that is up'),
	first_machine: _('first reachable target'),
	newest: _('its system has the newest lease'),
	current: _('the alias led there before'),
	recent: _('its lease was seen last'),
	latest: _('its lease ends last'),
};

const presences = { reachable: _('reachable'), unreachable: _('unreachable'), unknown: _('unknown') };

// LuCI's rows are high, and LuCI has no red label.
const style = `.dhcp-hook .td { padding: 5px 10px; overflow-wrap: anywhere }
	.dhcp-hook .label { display: inline-block; white-space: normal; overflow-wrap: normal }
	.dhcp-hook .danger { background: var(--error-color-medium, #c22); color: #fff }`;

// To LuCI a string by itself is HTML; in a list it is text.
const text = (...parts) => E('span', parts);
const unbroken = (...parts) => E('span', { 'style': 'white-space: nowrap' }, parts);
const small = part => E('small', [ part ]);
const line = (...parts) => E('div', parts);
const label = (style, title) => E('span', { 'class': `label ${style}` }, [ title ]);

// The two greatest units of a time, as the programs show it.
function time(seconds) {
	const s = Math.max(0, Math.floor(seconds));
	return s < 120 ? _('%d s').format(s)
		: s < 7200 ? _('%d min').format(s / 60)
		: s < 172800 ? _('%d h %d min').format(s / 3600, s / 60 % 60)
		: _('%d d %d h').format(s / 86400, s / 3600 % 24);
}
const ago = (now, moment) => _('%s ago').format(time(now - moment));
const ahead = (now, moment) => _('in %s').format(time(moment - now));

// Changes a node into `fresh`. Equal parts stay in place, and keep focus and selection.
function update(node, fresh) {
	if (node.isEqualNode(fresh)) return;
	if (node.nodeName != fresh.nodeName || node.nodeType != Node.ELEMENT_NODE || node.dataset.job != fresh.dataset.job)
		return node.replaceWith(fresh);
	for (const { name } of [ ...node.attributes ]) if (!fresh.hasAttribute(name)) node.removeAttribute(name);
	for (const { name, value } of fresh.attributes) if (node.getAttribute(name) != value) node.setAttribute(name, value);
	const children = [ ...fresh.childNodes ];
	[ ...node.childNodes ].forEach((child, index) => children[index] ? update(child, children[index]) : child.remove());
	node.append(...children.slice(node.childNodes.length));
}

function table(titles, rows, none) {
	// LuCI repeats the title before each cell if the screen is too narrow for columns.
	const node = E('table', { 'class': 'table dhcp-hook' }, [
		E('tr', { 'class': 'tr table-titles' }, titles.map(title => E('th', { 'class': 'th' }, [ unbroken(title) ])))
	]);
	cbi_update_table(node, rows, E('em', [ none ]));
	return node;
}

return view.extend({
	load() {
		return Promise.all([ askStatus(), askAliases(), askCheck(), L.resolveDefault(uci.load('debounced')) ]);
	},

	render([ status, aliases, check ]) {
		this.answers = { status, aliases, check };
		this.node = E('div', this.sections());
		// A check reads every file that dnsmasq reads, so the page calls it less often.
		poll.add(() => this.refresh());
		poll.add(() => this.check(), 60);
		return E([ E('style', style), E('h2', [ _('Aliases') ]), this.node ]);
	},

	refresh() {
		return Promise.all([ askStatus(), askAliases() ]).then(([ status, aliases ]) => this.show({ status, aliases }));
	},

	check() {
		return askCheck().then(check => this.show({ check }));
	},

	show(answers) {
		Object.assign(this.answers, answers);
		update(this.node, E('div', this.sections()));
	},

	sections() {
		const { status, aliases, check } = this.answers;
		const failures = [ status, aliases ].filter(answer => answer.status).map(answer => findings.failure(answer));
		if (status.stopped)
			failures.push(_('debounced is stopped, as process %d.').format(status.process));
		const section = parts => E('div', { 'class': 'cbi-section' }, parts);
		return [
			E('div', findings.boxes(check, failures)),
			section(aliases.status ? [] : [ this.aliases(aliases) ]),
			section(status.status ? [] : [ E('h3', [ _('Jobs') ]), this.jobs(status) ]),
			E('p', [
				E('a', { 'href': L.url('admin/status/logs') }, [ _('System log') ]), ' ',
				status.version ? small(_('Version %s').format(status.version)) : '',
			]),
		];
	},

	aliases({ aliases = [], now }) {
		// The rows of an alias are adjacent. An alias has several rows if instances of dnsmasq differ.
		const isOneOfSeveral = index => [ aliases[index - 1], aliases[index + 1] ].some(other => other?.alias == aliases[index].alias);
		return table([ _('Alias'), _('Leads to'), _('Since'), _('Until'), _('Why'), _('Candidates') ],
			aliases.map((alias, index) => this.alias(alias, now, isOneOfSeveral(index))),
			uci.sections('debounced', 'cname').length ? _('All aliases are disabled: enable one in the settings.')
				: _('There are no aliases yet: add one in the settings.'));
	},

	alias({ alias, target, addresses = [], since, expires, reason, obstacle, text: why, confdirs = [], candidates = [] }, now, hasPlace) {
		return [
			text(alias, ...(hasPlace ? confdirs : []).map(each => line(small(each)))),
			text(target ?? label('warning', _('leads nowhere')), ' ', small(addresses.join(' ')), ' ',
				obstacle == 'restart' ? label('notice', _('after a restart of dnsmasq'))
					: obstacle ? text(label('danger', _('not loaded')), ' ', small(why ?? obstacle)) : ''),
			unbroken(target == null ? '-' : since == null ? _('unknown') : ago(now, since)),
			unbroken(expires == null ? '-' : ahead(now, expires)),
			text(reasons[reason] ?? reason ?? '-'),
			text(...(candidates.length ? candidates.map(each => this.candidate(each, now)) : [ '-' ])),
		];
	},

	candidate({ target, presence = 'unknown', reached, misses }, now) {
		const known = [ reached == null ? '' : _('reached %s ago').format(time(now - reached)), misses > 0 ? _('misses: %d').format(misses) : '' ];
		return E('div', { 'title': known.filter(each => each).join(', ') }, [ target, ' ', small(presences[presence] ?? presence) ]);
	},

	jobs({ jobs = [], now }) {
		return table([ _('Job'), _('State'), _('Requests'), _('Runs'), _('Saved'), _('Last run'), '' ],
			jobs.map(job => this.job(job, now)), _('No job is enabled: enable one in the settings.'));
	},

	job({ job, command, state, due, requests, runs, failures, saved, last_run, last_exit, causes = [] }, now) {
		const isPending = due != null;
		const [ style, title ] = state == 'idle' && last_exit ? [ 'danger', _('failed') ] : states[state] ?? [ '', state ];
		return [
			text(job, line(small(command))),
			unbroken(label(style, title), ' ', isPending ? line(small(_('runs in %s').format(time(due - now)))) : ''),
			unbroken(`${requests}`),
			unbroken(`${runs}`, failures ? line(small(_('%d failed').format(failures))) : ''),
			unbroken(`${saved}`),
			text(last_run == null ? '-' : ago(now, last_run), ' ', last_exit ? label('danger', _('status %d').format(last_exit)) : '',
				// Each cause is "KIND REQUESTER: TEXT".
				...causes.slice(0, 5).map(each => line(small(each))),
				causes.length > 5 ? line(small(_('and %d more').format(causes.length - 5))) : ''),
			E('div', { 'style': 'white-space: nowrap' }, [
				this.button('request', job, _('Request'), 'action', false), ' ',
				this.button('flush', job, _('Run now'), 'apply', !isPending), ' ',
				this.button('cancel', job, _('Forget'), 'remove', !isPending),
			]),
		];
	},

	button(verb, job, title, style, isDisabled) {
		return E('button', {
			// `update` replaces a button of another job, since the handler differs.
			'data-job': job,
			'class': `btn cbi-button cbi-button-${style}`,
			'click': ui.createHandlerFn(this, verb == 'request' ? 'send' : 'confirm', verb, job, title),
			'disabled': isDisabled || !L.hasViewPermission() || null,
		}, [ title ]);
	},

	confirm(verb, job, title) {
		const [ action, sentence ] = verb == 'flush' ? [ _('Run the command'), _('The job "%s" runs its command at once:') ]
			: [ _('Forget the request'), _('The job "%s" does not run its command:') ];
		ui.showModal(title, [
			E('p', [ sentence.format(job) ]),
			E('p', [ E('code', [ this.answers.status.jobs.find(each => each.job == job)?.command ]) ]),
			E('div', { 'class': 'right' }, [
				E('button', { 'class': 'btn', 'click': ui.hideModal }, [ _('Back') ]), ' ',
				E('button', { 'class': 'btn cbi-button-negative important',
					'click': ui.createHandlerFn(this, () => this.send(verb, job, title).finally(ui.hideModal)) }, [ action ]),
			]),
		]);
	},

	send(verb, job, title) {
		return send[verb](job).then(({ status, text }) => {
			const note = ui.addNotification(title, E('p', [ text || _('%s: done').format(job) ]), status ? 'danger' : 'info');
			// Not addTimeLimitedNotification, which is newer than OpenWrt 24.10.
			if (!status) setTimeout(() => note.remove(), 5000);
			return this.refresh();
		});
	},

	handleSave: null,
	handleSaveApply: null,
	handleReset: null,
});
