'use strict';
'require view';
'require form';
'require rpc';
'require uci';

const askLeases = rpc.declare({ object: 'dhcp-hook', method: 'leases' });

// What the programs take: see Option.Kind.canonical and its like there. Each has what is allowed, for whoever gets it wrong.
const isHost = name => name.length <= 253 && /^(?!-)[\w-]{1,63}(\.(?!-)[\w-]{1,63})*$/.test(name);
const words = value => value.split(/[ \t\r]+/).filter(word => word != '');
const kinds = {
	host: [ isHost, _('a host name') ],
	target: [ value => [ 1, 2 ].includes(words(value).length) && words(value).every(isHost),
		_('a host name and, if need be, the name of its system') ],
	seconds: [ value => /^(\d{1,9}(\.\d{0,3})?|\.\d{1,3})$/.test(value) && value <= 604800,
		_('seconds from 0 to 604800, such as 10 or 0.25') ],
	count: [ value => /^\d{1,9}$/.test(value) && value <= 100, _('a whole number from 0 to 100') ],
	line: [ value => !/[\x00-\x08\x0a-\x1f\x7f]/.test(value), _('one line for the shell') ],
	folder: [ value => /^\/[^\x00-\x20\x7f]*$/.test(value), _("a folder's whole path, without blanks") ],
	file: [ value => /^\/[^\x00-\x20\x7f]*[^\/\x00-\x20\x7f]$/.test(value), _("a file's whole path, without blanks") ],
};

// An empty value means that the option is not set.
function validate(option, kind) {
	const [ allows, allowed ] = kinds[kind];
	option.validate = (section, value) => value == null || value === '' || allows(value) || _('Allowed is: %s').format(allowed);
	return option;
}

function flag(section, name, value, title, description) {
	const option = section.option(form.Flag, name, title, description);
	option.default = value;
	option.editable = true;
	// OpenWrt has more words for it than LuCI.
	option.load = id => /^(1|on|true|yes|enabled)$/.test(uci.get('debounced', id, name) ?? value) ? '1' : '0';
}

return view.extend({
	load() {
		return Promise.all([ L.resolveDefault(askLeases(), {}), uci.load('debounced') ]);
	},

	render([ answer ]) {
		const map = new form.Map('debounced', _('Aliases'),
			_('Names that lead to the target that is up, and jobs that run after a quiet time without a request.'));
		this.aliases(map, answer.leases ?? []);
		this.jobs(map);
		this.updater(map);
		return map.render();
	},

	aliases(map, leases) {
		const section = map.section(form.GridSection, 'cname', _('Aliases'),
			_('The first target in the list that is up wins. Behind a target may stand the name of its system: a machine runs one of its systems at a time.'));
		section.addremove = true;
		section.anonymous = true;
		section.sortable = true;
		section.nodescriptions = true;
		section.addbtntitle = _('Add alias');

		let option = validate(section.option(form.Value, 'name', _('Alias')), 'host');
		option.rmempty = false;
		// A section may be named by its alias instead.
		option.load = id => uci.get('debounced', id, 'name') ?? (/^(cfg|new)[0-9a-f]{6}$/.test(id) ? null : id);

		option = validate(section.option(form.DynamicList, 'target', _('Targets')), 'target');
		option.rmempty = false;
		for (const name of new Set(leases.map(lease => lease.hostname).filter(isHost)))
			option.value(name);
		option.textvalue = function(id) {
			return '%h'.format(L.toArray(this.cfgvalue(id)).join(', '));
		};

		flag(section, 'probe', '1', _('Probe'), _('Probes on the network which of several targets that are up are reachable.'));
		flag(section, 'enabled', '1', _('Enabled'));
	},

	jobs(map) {
		const section = map.section(form.GridSection, 'job', _('Jobs'));
		section.addremove = true;
		section.anonymous = false;
		section.nodescriptions = true;
		section.addbtntitle = _('Add job');

		let option = validate(section.option(form.Value, 'command', _('Command'),
			_('One line for the shell, which runs it as root.')), 'line');
		option.placeholder = 'service dnsmasq restart';

		option = validate(section.option(form.Value, 'verify', _('Verified by'),
			_('What is run after it, and fails if it did no good. For a restart of dnsmasq, that is looked at by default; "true" for nothing.')), 'line');
		option.modalonly = true;

		const times = {};
		for (const [ name, title, value, description ] of [
			[ 'quiet', _('Quiet time'), '10', _('Seconds without a request before it runs.') ],
			[ 'max_wait', _('Longest wait'), '60', _('Seconds in all; 0: no bound. If not set, six times the quiet time.') ],
			[ 'timeout', _('Timeout'), _('300 for a restart of dnsmasq, else 60'), _('It is ended after so many seconds; 0: never.') ],
			[ 'retries', _('Retries'), '3', _('So often it is tried again if it fails.') ],
			[ 'max_interval', _('Longest pause'), '600', _('Seconds between tries, and between runs that are asked for again and again; 0: no requester is throttled.') ],
		]) {
			option = validate(section.option(form.Value, name, title, description), name == 'retries' ? 'count' : 'seconds');
			times[name] = option;
			option.placeholder = value;
			option.modalonly = name != 'quiet';
			option.textvalue = function(id) {
				return '%h'.format(this.cfgvalue(id) ?? value);
			};
		}
		// The programs refuse one that is shorter than the quiet time.
		const isSeconds = times.max_wait.validate;
		times.max_wait.validate = function(id, value) {
			const quiet = +(this.section.formvalue(id, 'quiet') || 10);
			const fault = isSeconds(id, value);
			return fault !== true ? fault
				: !value || +value == 0 || +value >= quiet || _('Allowed is: %s').format(_('0, or no less than the quiet time'));
		};

		flag(section, 'enabled', '1', _('Enabled'));
	},

	updater(map) {
		const section = map.section(form.NamedSection, 'updater', 'updater', _('Updater'));

		let option = section.option(form.ListValue, 'job', _('Job'), _('What is asked for when an alias leads elsewhere.'));
		option.optional = true;
		for (const job of uci.sections('debounced', 'job'))
			option.value(job['.name']);

		option = section.option(form.ListValue, 'request', _('Ask for it when'));
		option.optional = true;
		option.value('alias', _('an alias leads elsewhere'));
		option.value('lease', _('a lease is new, gone or changed'));

		option = section.option(form.ListValue, 'publish', _('Publish aliases'));
		option.optional = true;
		option.value('cname', _('as CNAMEs, at a restart'));
		option.value('hosts', _('as addresses, at once'));

		validate(section.option(form.Value, 'domain', _('Domain')), 'host').placeholder = 'lan';

		option = validate(section.option(form.Value, 'confdir', _('Folder for the aliases'), _('Not on flash.')), 'folder');
		option.placeholder = _('where dnsmasq looks');

		validate(section.option(form.Value, 'mappings', _('File of mappings'),
			_('More aliases, as lines: target, alias, and if need be system.')), 'file').placeholder = '/etc/cname_mappings';
	},
});
