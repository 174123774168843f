'use strict';
// Faults that somebody could make in what we give to LuCI: [ file, what is there, what would be there ]. Each has to be found.
const view = 'www/luci-static/resources/view/';
const [ status, settings, overview ] = [ 'dhcp-hook/status.js', 'dhcp-hook/settings.js', 'status/include/45_dhcp-hook.js' ].map(name => view + name);
const acl = 'usr/share/rpcd/acl.d/luci-app-dhcp-hook.json', menu = 'usr/share/luci/menu.d/luci-app-dhcp-hook.json';
const plugin = 'usr/libexec/rpcd/dhcp-hook';
module.exports = [
	[ status, 'text(reasons[alias.reason] ?? alias.reason)', 'reasons[alias.reason] ?? alias.reason' ],
	[ status, "E('li', [ fault ])", "E('li', fault)" ],
	[ status, "_('Run now'), 'apply', !isPending", "_('Run now'), 'apply', false" ],
	[ status, "verb == 'request' ? 'send' : 'confirm'", "'send'" ],
	[ status, 'send[verb](job.job)', 'send.request(job.job)' ],
	[ status, ' || !L.hasViewPermission()', '' ],
	[ status, 'poll.add(this.refresh);', '' ],
	[ status, 'Math.round(moment - now)', 'Math.round(now - moment)' ],
	[ status, "_('Requests'), ", '' ],
	[ status, "E('h3', [ _('Jobs') ])", "E('h3', [ 'Jobs' ])" ],
	[ status, '.finally(ui.hideModal)', '' ],
	[ status, 'ui.addNotification', 'ui.addTimeLimitedNotification' ],
	[ status, '.catch(fault => ({ status: 1, text: fault.message }))', '.catch(fault => null)' ],
	[ status, 'if (alias.obstacle)', 'if (false)' ],
	[ status, 'return this.refresh();', '' ],
	[ settings, "'require uci';\n", '' ],
	[ settings, "new form.Map('debounced'", "new form.Map('debounce'" ],
	[ settings, 'value <= 604800', 'value <= 6048000' ],
	[ settings, '[ 1, 2 ].includes', '[ 1, 2, 3 ].includes' ],
	[ settings, '? null : id)', '? null : null)' ],
	[ settings, "option.rmempty = false;\n\t\tfor", "option.rmempyt = false;\n\t\tfor" ],
	[ settings, "[ 'retries', _('Retries')", "[ 'retry', _('Retries')" ],
	[ overview, '!answer.aliases?.length', '!answer.aliases' ],
	[ overview, "E('span', [ cell ])", 'cell' ],
	[ overview, 'L.resolveDefault(askAliases(), {})', 'askAliases()' ],
	[ acl, '"check" ]', '"check", "flush" ]' ],
	[ acl, '"flush", "cancel" ]', '"flush" ]' ],
	[ acl, '[ "status", "aliases", "leases", "check" ]', '[ "*" ]' ],
	[ menu, '"dhcp-hook/settings"', '"dhcp-hook/setting"' ],
	[ menu, '[ "luci-app-dhcp-hook" ]', '[ "luci-app-dhcphook" ]' ],
	[ plugin, 'call/request | call/flush | call/cancel) job "$2"', 'call/request | call/flush | call/cancel) job cancel' ],
];
