'use strict';
'require view';
'require form';
'require rpc';
'require uci';
'require ui';
'require view.dhcp-hook.findings as findings';

const [ askLeases, askCheck ] = [ 'leases', 'check' ].map(method => rpc.declare({ object: 'dhcp-hook', method }));

// The values that the programs allow (OptionKind in Sources/Configuration/Section.swift), and the message for any other
// value.
const isHost = name => name.length <= 253 && /^(?!-)[\w-]{1,63}(\.(?!-)[\w-]{1,63})*$/.test(name);
const words = value => value.split(/[ \t\r]+/).filter(word => word != '');
const isPath = value => /^\/[^\x00-\x20\x7f]*$/.test(value);
const kinds = {
	host: [ isHost, _('"%s" is no host name: letters, digits, "-" and "_", with dots between the parts.') ],
	target: [ value => [ 1, 2 ].includes(words(value).length) && words(value).every(isHost),
		_('"%s" is no target: write a host name, and perhaps a blank and a system.') ],
	seconds: [ value => /^(\d{1,9}(\.\d{0,3})?|\.\d{1,3})$/.test(value) && value <= 604800,
		_('"%s" is no time: write seconds from 0 to 604800, such as 10 or 0.25.') ],
	count: [ value => /^\d{1,9}$/.test(value) && value <= 100, _('"%s" is no whole number from 0 to 100.') ],
	line: [ value => !/[\x00-\x08\x0a-\x1f\x7f]/.test(value), _('"%s" has a control character.') ],
	folder: [ isPath, _('"%s" is no absolute path: start with "/" and use no blank.') ],
};
kinds.file = [ value => isPath(value) && value != '/', kinds.folder[1] ];
const fault = (kind, value) => kinds[kind][0](value) ? null : kinds[kind][1].format(value);

// Values of options, with unsaved changes. OpenWrt has more words for a flag than LuCI.
const stored = (id, name) => uci.get('debounced', id, name);
const isOn = (id, name) => /^(1|on|true|yes|enabled)$/.test(stored(id, name) ?? '1');
const aliasOf = id => stored(id, 'name') ?? (uci.get('debounced', id)?.['.anonymous'] ? null : id);
const names = type => uci.sections('debounced', type).map(section => section['.name']);
const jobs = () => names('job').length ? names('job') : [ 'dnsmasq' ];

// LuCI checks a field only when a user types into it, and shows no reason if it can't save a dialog. This function
// checks each field when the dialog is saved, and shows below the field what is wrong.
const guard = (option, fault) => Object.assign(option, {
	fault,
	isValid(id) {
		const node = this.map.findElement('data-field', this.cbid(id)), fault = this.fault(id);
		node.querySelector('.dhcp-hook-fault')?.remove();
		if (fault) (node.querySelector('.cbi-value-field') ?? node).append(E('div', { 'class': 'dhcp-hook-fault alert-message danger' }, [ fault ]));
		return !fault;
	},
	getValidationError(id) { return this.fault(id); },
});

// Gives a field its kind. `more` finds what is wrong with a value of that kind.
function checked(option, kind, more = () => null) {
	option.validate = function(id, value) {
		return value == null || value === '' || (fault(kind, value) ?? more(this.section, id, value) ?? true);
	};
	return guard(option, function(id) {
		const value = this.formvalue(id), valid = this.validate(id, value);
		if (value == null || value === '') return this.rmempty ? null : _('This field must not be empty.');
		return valid === true ? null : valid;
	});
}

function flag(section, name, title, description) {
	const option = section.option(form.Flag, name, title, description);
	option.default = '1';
	option.load = id => isOn(id, name) ? '1' : '0';
	return option;
}

// Finds another enabled alias with the name of this one, if this one is enabled. Fields on the screen count before
// stored values.
function twin(section, id) {
	const field = (each, name, otherwise) => section.getUIElement(each, name) ? section.formvalue(each, name) : otherwise;
	const isEnabled = each => field(each, 'enabled', isOn(each, 'enabled') ? '1' : '0') == '1';
	const name = each => field(each, 'name', aliasOf(each) ?? '').toLowerCase();
	return isEnabled(id) && names('cname').some(each => each != id && isEnabled(each) && name(each) == name(id))
		? _('There is another alias of this name.') : null;
}

function targetsFault(id) {
	const typed = this.map.findElement('id', this.cbid(id)).querySelector('.add-item input').value.trim();
	const targets = this.formvalue(id), hosts = targets.map(target => words(target)[0]?.toLowerCase());
	const again = hosts.find((host, index) => hosts.indexOf(host) != index);
	return typed ? _('"%s" is not in the list yet: press Enter, or clear it.').format(typed)
		: !targets.length ? _('An alias needs a target.')
		: targets.map(target => fault('target', target)).find(each => each)
		?? (again ? _('"%s" is in the list twice.').format(again) : null);
}

// Suggestions for targets: hosts that have a lease or a reservation, with an address.
function hosts(leases) {
	const found = new Map(uci.sections('dhcp', 'host').flatMap(({ name, ip }) => L.toArray(name).map(each => [ each.toLowerCase(), ip ])));
	for (const { hostname, addresses } of leases)
		if (hostname && !found.get(hostname)) found.set(hostname, addresses[0]);
	return [ ...found ].filter(([ name ]) => isHost(name)).sort(([ one ], [ other ]) => one < other ? -1 : 1);
}

return view.extend({
	load() {
		return Promise.all([
			...[ askLeases, askCheck ].map(ask => ask().catch(({ message }) => ({ status: 1, text: message }))),
			uci.load('debounced').catch(() => null), L.resolveDefault(uci.load('dhcp')),
		]);
	},

	render([ leases, check, isThere ]) {
		const boxes = findings.boxes(check);
		if (!isThere) {
			this.handleSave = this.handleSaveApply = this.handleReset = null;
			const text = _('There is no settings file, so the defaults apply. Create it: touch /etc/config/debounced');
			return E([ ...boxes, E('div', { 'class': 'alert-message notice' }, [ text ]) ]);
		}
		const map = new form.Map('debounced', _('Settings'));
		map.tabbed = true;
		this.aliases(map, leases.leases ?? []);
		this.jobs(map);
		this.advanced(map, check.findings ?? []);
		// A tab has the title of its section.
		return map.render().then(node => E([ E('style', '.cbi-map-tabbed > * > h3 { display: none }'), ...boxes, node ]));
	},

	aliases(map, leases) {
		const section = Object.assign(map.section(form.GridSection, 'cname', _('Aliases'),
			_('An alias is a name that leads to the first of its targets that is up.')), {
			addremove: true, anonymous: true, nodescriptions: true, addbtntitle: _('Add alias'),
			modaltitle: id => aliasOf(id) == null ? _('New alias') : _('Alias %s').format(aliasOf(id)),
			renderSectionPlaceholder: () => E('em', [ _('There are no aliases yet.') ]),
		});

		const name = checked(section.option(form.Value, 'name', _('Alias'),
			_('The name without a domain, such as maxwell.')), 'host', twin);
		name.rmempty = false;
		// Without the option the section's name is the alias.
		name.load = aliasOf;

		const targets = Object.assign(guard(section.option(form.DynamicList, 'target', _('Targets'),
			_('Host names, the preferred host first. A blank and a system may follow: a machine runs one system at a time.')), targetsFault), {
			rmempty: false,
			placeholder: _('Add a host'),
			// LuCI's own load would split a target and its system into two targets.
			load: id => [ stored(id, 'target') ?? [] ].flat(),
			textvalue(id) { return '%h'.format(this.cfgvalue(id).join(', ')); },
			// Moves the line for another host above the suggestions.
			renderWidget(...values) {
				const node = form.DynamicList.prototype.renderWidget.apply(this, values);
				const line = node.querySelector('.create-item-input')?.parentNode;
				line?.parentNode.insertBefore(line, line.parentNode.querySelector('li:not([placeholder])'));
				return node;
			},
			// Checks the line that is typed in. LuCI also calls this for the whole list, with an empty value.
			validate: (id, value) => !value || (fault('target', value) ?? true),
		});
		for (const [ host, address ] of hosts(leases))
			targets.value(host, address ? E('span', [ host, ' ', E('small', [ address ]) ]) : host);

		flag(section, 'probe', _('Probe'),
			_('If several targets are up, the router skips unreachable targets.')).modalonly = true;
		const enabled = guard(flag(section, 'enabled', _('Enabled')), function(id) {
			return this.section.getUIElement(id, 'name') ? null : twin(this.section, id);
		});
		enabled.editable = true;
	},

	jobs(map) {
		const section = Object.assign(map.section(form.GridSection, 'job', _('Jobs'),
			_('A job runs its command once, after a quiet time, however often it was requested.')), {
			addremove: true, anonymous: false, nodescriptions: true, addbtntitle: _('Add job'),
			modaltitle: id => _('Job %s').format(id),
			renderSectionPlaceholder: () => E('em', [ _('The built-in job dnsmasq is in force. If you add another job, add dnsmasq too.') ]),
			renderSectionAdd(...values) {
				const node = form.GridSection.prototype.renderSectionAdd.apply(this, values);
				const [ input, button ] = [ 'input', 'button' ].map(tag => node.querySelector(tag));
				if (!this.map.readonly)
					ui.addValidator(input, 'string', true, name => {
						const fault = !/^\w{1,63}$/.test(name) ? _('The name of a job has 1 to 63 letters, digits or "_".')
							: names().includes(name) ? _('There is another section of this name.') : null;
						button.disabled = !!fault;
						return name === '' || (fault ?? true);
					}, 'blur', 'keyup');
				return node;
			},
		});

		// An empty field shows its default, which may follow from other options.
		const option = (name, kind, standard, title, description, more) => Object.assign(
			checked(section.option(form.Value, name, title, description), kind, more), {
				modalonly: true,
				renderWidget(id, ...rest) {
					this.placeholder = standard(id);
					return form.Value.prototype.renderWidget.call(this, id, ...rest);
				},
				textvalue: id => '%h'.format(stored(id, name) ?? standard(id)),
			});
		const command = id => `service ${id} restart`;
		const restartsDnsmasq = id => (stored(id, 'command') ?? command(id)) == 'service dnsmasq restart';
		const quiet = id => stored(id, 'quiet') ?? '10';

		option('command', 'line', command, _('Command'), _('A line for the shell, run as root.')).modalonly = null;
		option('verify', 'line', id => restartsDnsmasq(id) ? 'cname-updater verify' : '', _('Verification'),
			_('A line that runs after the command, within 60 seconds. If the line fails, the run has failed. true: no verification.'));
		Object.assign(option('quiet', 'seconds', () => '10', _('Quiet time'), _('Seconds without a request before the command runs.')),
			{ modalonly: null, textvalue: id => _('%s s').format('%h'.format(quiet(id))) });
		option('max_wait', 'seconds', id => `${Math.min(6 * quiet(id), 604800)}`, _('Longest wait'),
			_('Seconds after the first request at which the command runs, even if requests go on. 0: no limit.'),
			(section, id, value) => +value == 0 || +value >= +(section.formvalue(id, 'quiet') || 10) ? null
				: _('The longest wait is 0, or no shorter than the quiet time.'));
		option('timeout', 'seconds', id => restartsDnsmasq(id) ? '300' : '60', _('Timeout'),
			_('Seconds until the command is ended. 0: never.'));
		option('retries', 'count', () => '3', _('Retries'), _('Further tries if the command fails.'));
		option('max_interval', 'seconds', () => '600', _('Longest pause'),
			_('Seconds at most between tries, and between runs of a throttled requester. 0: no throttling.'));
		flag(section, 'enabled', _('Enabled')).editable = true;
	},

	advanced(map, found) {
		const section = map.section(form.NamedSection, names('updater').at(-1) ?? 'updater', 'updater', _('Advanced'));
		// The section may be missing until one of its options is set.
		section.renderContents = function([ data, nodes ]) {
			return form.NamedSection.prototype.renderContents.call(this, [ data ?? {}, nodes ]);
		};
		const option = (...about) => Object.assign(section.option(...about), { write(id, value) {
			if (!uci.get('debounced', id)) uci.add('debounced', 'updater', id);
			return form.Value.prototype.write.call(this, id, value);
		} });
		// Shows the default as a choice, and writes only changed values.
		const choice = (name, values, standard, ...about) => Object.assign(option(form.ListValue, name, ...about), {
			load: id => stored(id, name) ?? standard(),
			renderWidget(id, ...rest) {
				this.keylist = this.vallist = null;
				for (const value of values(this.cfgvalue(id))) this.value(...value);
				return form.ListValue.prototype.renderWidget.call(this, id, ...rest);
			},
		});

		choice('publish', () => [ [ 'cname', _('As CNAME, at a restart') ], [ 'hosts', _('As addresses, at once') ] ], () => 'cname', _('Publish'), [
			_('As addresses, a change counts at once, without a restart. The answer has no CNAME, and the reverse look-up shows another name. This needs OpenWrt 23.05 or newer (dnsmasq 2.88).'),
			_('As CNAME, a change restarts dnsmasq: about 3 seconds without DNS and DHCP for each network.'),
			...found.filter(({ kind }) => kind == 'advice').map(({ file, text }) => '%h: %h'.format(file, text)),
		].join('<br />'));
		guard(choice('job', set => [ ...new Set([ ...jobs(), set ]) ].map(name => [ name ]), () => jobs().includes('dnsmasq') ? 'dnsmasq' : jobs()[0],
			_('Job'), _('The job that is requested. The default is the job dnsmasq, else the first job.')), function(id) {
			const name = this.formvalue(id);
			return jobs().includes(name) ? null : _('There is no job "%s".').format(name);
		});
		choice('request', () => [ [ 'alias', _('An alias leads elsewhere') ], [ 'lease', _('An alias or lease changes') ] ], () => 'alias',
			_('When'), _('The reason to request the job.'));

		for (const [ name, kind, placeholder, ...about ] of [
			[ 'domain', 'host', _('as in dnsmasq'), _('Domain'), _('The domain of aliases and targets, such as lan.') ],
			[ 'confdir', 'folder', _('as in dnsmasq'), _('Folder'), _('The folder in which dnsmasq finds the aliases, not on flash.') ],
			[ 'mappings', 'file', '/etc/cname_mappings', _('Mapping file'), _('A file with more aliases, in lines TARGET ALIAS [SYSTEM].') ],
		])
			checked(option(form.Value, name, ...about), kind).placeholder = placeholder;
	},
});
