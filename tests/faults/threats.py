"""Each threat of the project's threat model, T1 to T30: what is tried, and the tests that try it.

test_threats.py sees to it that every test named here exists: a control cannot lose its proof unseen.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Threat:
    """`tests`: path::name without parameters. `not_covered`: what they leave open, or why there is nothing to try."""

    what: str
    tests: tuple[str, ...] = ()
    not_covered: str = ""


def _of(folder: str, **files: str) -> tuple[str, ...]:
    """Names of tests by file: _of("views", sign_in="one two")."""
    pairs = ((file, name) for file, names in files.items() for name in names.split())
    return tuple(f"tests/{folder}/test_{file}.py::test_{name}".replace("//", "/") for file, name in pairs)


THREATS: dict[str, Threat] = {
    "T1": Threat(
        "somebody approves an own request, by whatever role or way",
        (
            *_of(
                "faults", attacks_approvals="eight_parties_at_once_have_one_outcome_and_nobody_approves_an_own_request"
            ),
            *_of(
                "services",
                votes="the_requester_cannot_vote_even_as_approver_and_superuser "
                "an_editor_of_an_older_revision_cannot_vote",
                users="superuser_flag_gives_no_right",
            ),
            *_of("rules", policy="vote_counts_only_for_an_active_approver_who_did_not_write"),
            *_of("api", permissions="each_person_gets_what_the_table_says"),
        ),
    ),
    "T2": Threat(
        "a policy without an approver, or one that is lowered after filing",
        (
            *_of("rules", policy="policy_asks_for_one_approver_at_least no_vote_at_all_satisfies_nothing"),
            *_of("services", change_requests="a_request_that_nobody_could_approve_is_refused_at_once"),
        ),
        "The quorum is a setting of the installation, copied into each request; nobody changes it by a page.",
    ),
    "T3": Threat(
        "an approval races, or one person votes twice",
        (
            *_of(
                "faults", attacks_approvals="eight_parties_at_once_have_one_outcome_and_nobody_approves_an_own_request"
            ),
            *_of(
                "services",
                votes="the_last_two_votes_at_once_approve_once one_person_voting_twice_at_once_is_counted_once "
                "an_approval_and_a_rejection_at_once_have_one_outcome",
            ),
        ),
    ),
    "T4": Threat(
        "what was approved is changed before it is sent",
        (
            *_of("rules", plan="fingerprint_changes_with_every_leaf"),
            *_of("rules", plan_properties="any_field_of_the_facts_changes_the_fingerprint"),
            *_of(
                "services",
                submission="what_is_sent_has_the_approved_fingerprint_whatever_the_row_of_the_request_says",
                starts="a_package_replaced_under_its_name_turns_the_request_stale "
                "a_server_that_changed_its_version_turns_the_request_stale",
            ),
            *_of("services", address_changes="requests_that_wait_turn_stale"),
        ),
    ),
    "T5": Threat(
        "a voter loses the right between vote and start",
        _of("services", starts="a_voter_who_lost_the_role_sends_the_request_back_to_review"),
    ),
    "T6": Threat(
        "objects of another environment by their number",
        (
            "tests/test_urls.py::test_each_person_gets_what_the_table_says",
            "tests/test_stream.py::test_nobody_else_gets_a_stream",
            "tests/test_stream.py::test_losing_the_role_ends_the_stream",
            *_of("api", permissions="each_person_gets_what_the_table_says"),
            *_of("faults", schemathesis="no_call_breaks_the_api_or_shows_what_is_not_ones_own"),
            *_of(
                "views",
                audit_export="a_reader_of_some_environments_takes_those_away_and_the_file_says_so",
                cluster_export="the_file_holds_the_filtered_list_in_its_order_and_nothing_that_the_reader_may_not_see",
            ),
        ),
    ),
    "T7": Threat(
        "a status, a requester or an approval is handed in",
        (
            *_of("api", calls="a_field_that_nobody_may_hand_in_is_refused_by_name"),
            *_of("faults", attacks_forms="what_no_form_asks_for_changes_nothing"),
        ),
        "Pages read the fields of their form and pass over others; the API refuses them by name.",
    ),
    "T8": Threat(
        "Django's admin edits workflow or audit",
        _of("faults", attacks_web="nothing_beside_our_pages_answers_a_stranger"),
        "There is no admin: django.contrib.admin is not installed.",
    ),
    "T9": Threat(
        "a form of another site",
        _of(
            "faults",
            attacks_web="no_form_does_anything_without_its_token no_call_by_a_session_does_anything_without_the_token",
        ),
    ),
    "T10": Threat(
        "OCP names things after scripts",
        (
            *_of(
                "faults",
                attacks_markup="nothing_that_ocp_names_runs_in_the_browser "
                "a_name_that_comes_while_the_page_is_open_is_text_too",
            ),
            *_of(
                "views", frame="template_holds_no_inline_code_and_no_foreign_address script_builds_no_markup_from_text"
            ),
            *_of("views", run_log="hostile_log_is_text_without_a_terminals_codes"),
        ),
    ),
    "T11": Threat(
        "an endpoint's address leads elsewhere",
        (
            *_of(
                "faults",
                attacks_network="an_address_that_is_no_ocps_is_refused_in_every_spelling "
                "a_name_that_leads_to_a_clouds_own_service_is_not_connected_to "
                "a_name_is_looked_up_once_and_what_was_judged_is_connected_to",
            ),
            *_of("ocp", post="redirected_post_reaches_nobody_else", reads="redirect_is_never_followed"),
            *_of("services", administration="only_an_admin_of_all_environments_may_change_endpoints"),
        ),
        "Loopback and private networks are where OCPs are; an admin of all environments may name any server there.",
    ),
    "T12": Threat(
        "an endpoint is pointed at another host to harvest its password",
        (
            *_of("services", address_changes="two_admins_move_an_endpoint_and_its_credentials_stay_behind"),
            *_of("services", credentials="a_row_that_was_led_elsewhere_sends_no_password"),
        ),
    ),
    "T13": Threat(
        "next leads to another site",
        (
            *_of(
                "faults",
                attacks_web="next_leads_to_our_own_pages_and_nowhere_else "
                "a_signed_in_person_is_led_nowhere_by_the_address_of_the_sign_in",
            ),
            *_of("views", frame="way_back_of_an_error_page_never_leads_to_another_host"),
        ),
    ),
    "T14": Threat(
        "secrets where they do not belong",
        (
            *_of("faults", attacks_secrets="no_planted_secret_is_found_anywhere_it_was_not_put"),
            "tests/test_settings.py::test_a_log_line_is_one_json_object_without_secrets",
            *_of("views", endpoints="a_report_of_an_error_leaves_the_secret_out"),
            *_of("ocp", errors="no_secret_stands_in_an_error_its_chain_or_the_log"),
        ),
        "Memory of a process that was dumped.",
    ),
    "T15": Threat(
        "secrets at rest are taken with the database",
        (
            *_of("faults", attacks_secrets="no_planted_secret_is_found_anywhere_it_was_not_put"),
            *_of(
                "services",
                credentials="what_was_sealed_is_opened_again_and_no_row_tells_it "
                "a_row_that_was_led_elsewhere_sends_no_password after_rotating_the_older_key_may_go",
                tokens="a_token_is_recognised_and_its_text_is_kept_nowhere",
            ),
        ),
    ),
    "T16": Threat(
        "a strange host, a forged address of the client",
        _of(
            "faults",
            attacks_web="a_strange_host_is_refused_and_stands_in_no_link a_forged_forwarded_host_is_not_believed",
            attacks_server="a_forged_forwarded_address_is_believed_from_a_trusted_proxy_alone "
            "a_request_that_two_servers_would_read_otherwise_is_refused",
        ),
        "Smuggling through a proxy of the company's own: nginx is not part of ocpdash.",
    ),
    "T17": Threat(
        "passwords are guessed, names are found out",
        (
            *_of("faults", attacks_web="a_wrong_password_takes_as_long_as_an_unknown_name"),
            *_of(
                "views",
                sign_in="sixth_wrong_try_is_refused_even_with_the_right_password one_address_cannot_try_many_names "
                "one_name_cannot_be_tried_from_many_addresses nobody_can_lock_a_person_out_from_elsewhere "
                "failed_try_names_a_known_person_and_never_an_unknown_name",
                settings_page="open_session_is_no_way_to_guess_the_password",
            ),
            *_of("api", calls="a_flood_of_bad_tokens_gets_429"),
        ),
        "A second factor: there is none; a proxy with single sign-on in front can ask for one.",
    ),
    "T18": Threat(
        "a session is planted, stolen or outlives its rights",
        (
            "tests/test_settings.py::test_cookies_and_headers_of_production",
            *_of(
                "views",
                sign_in="sign_in_opens_a_new_session_and_leaves_an_audit_event "
                "sign_out_needs_a_post_and_ends_the_session "
                "idle_session_ends_and_clicks_keep_it busy_session_ends_after_twelve_hours "
                "polls_of_an_open_page_keep_nobody_signed_in new_password_ends_other_sessions",
                settings_page="password_is_changed_by_who_knows_it_and_other_browsers_are_signed_out",
                users="roles_are_saved_and_signed_out_people_come_back_with_them",
            ),
            *_of(
                "services",
                users="new_roles_are_kept_told_and_end_the_sessions "
                "deactivated_person_is_out_at_once_and_may_come_back",
                tokens="tokens_of_somebody_deactivated_are_dead_for_good",
            ),
        ),
        "The password is not asked for again to approve or start: what is signed is shown and named instead.",
    ),
    "T19": Threat(
        "a page is framed and its buttons clicked unseen",
        _of(
            "faults",
            attacks_web="every_answer_forbids_framing_and_inline_scripts every_answer_of_the_api_forbids_framing_too "
            "what_is_not_there_forbids_it_as_well",
        ),
    ),
    "T20": Threat(
        "a cell of an export is a formula",
        _of(
            "views",
            audit_export="cells_are_harmless_and_the_end_tells_the_same",
            cluster_export="a_cell_that_would_be_a_formula_is_made_text the_cells_of_the_file_are_harmless",
        ),
    ),
    "T21": Threat(
        "a filter, a page or a text that costs minutes",
        (
            *_of("faults", attacks_web="no_filter_of_a_list_costs_more_than_a_moment"),
            *_of("faults", hostile_input="no_value_in_an_address_breaks_a_page"),
            *_of("api", lists="a_page_is_never_larger_than_its_most"),
            *_of("rules", path_files="the_largest_file_is_read_in_time no_text_breaks_the_reader"),
        ),
    ),
    "T22": Threat(
        "OCP answers without an end, or a bomb",
        (
            "tests/faults/test_odd_answers.py::test_no_kind_of_odd_answer_hurts",
            *_of(
                "ocp",
                bodies="endless_answer_is_cut_off_by_the_cap gzip_bomb_in_a_refusal_or_a_log_ends_within_its_cap",
                reads="slow_drip_ends_with_the_deadline",
            ),
        ),
        "Slow clients at the web process: a buffering proxy stands before it (docs/operations.md).",
    ),
    "T23": Threat(
        "TLS that proves nothing",
        (
            *_of("ocp", tls="certificate_that_does_not_fit_stops_the_post_before_a_byte"),
            *_of("faults", attacks_network="a_server_of_an_older_tls_is_sent_nothing"),
        ),
    ),
    "T24": Threat(
        "forged log lines, letters that turn others round",
        (
            "tests/test_settings.py::test_a_log_line_is_one_json_object_without_secrets",
            *_of("views", bad_input="control_and_direction_characters_are_shown_as_numbers_and_cost_nothing_else"),
            *_of("views", run_log="hostile_log_is_text_without_a_terminals_codes"),
        ),
    ),
    "T25": Threat(
        "the audit is changed",
        (
            "tests/test_embedded.py::test_the_application_cannot_change_what_is_audited_or_handed_in",
            "tests/test_embedded.py::test_the_application_truncates_nothing",
            *_of(
                "services",
                tampering="tampering_is_found_and_told_for_what_it_is "
                "a_chain_that_was_computed_anew_shows_by_the_head_that_was_kept "
                "an_end_that_was_cut_and_grew_again_shows_by_the_head_that_was_kept",
            ),
            "tests/faults/test_random_tamperings.py::test_whatever_is_tampered_with_at_random_is_told",
        ),
    ),
    "T26": Threat(
        "pickles and forgeries in the broker",
        (
            *_of(
                "faults",
                attacks_broker="what_strangers_put_into_the_queues_runs_nothing_and_stops_nobody "
                "noise_that_is_no_message_is_gone_after_a_restart",
            ),
            "tests/test_settings.py::test_celery_settings_that_the_promises_rest_on",
        ),
    ),
    "T27": Threat(
        "another package than the one that was meant",
        _of("faults", threats="every_requirement_is_pinned_and_comes_from_no_other_place"),
        "Hashes: the wheels differ from platform to platform, and the list would have to hold them all.",
    ),
    "T28": Threat(
        "probes, documents and debug pages tell strangers something",
        (
            *_of(
                "faults",
                attacks_web="probes_tell_a_stranger_no_more_than_whether_all_is_well "
                "nothing_beside_our_pages_answers_a_stranger",
            ),
            *_of("api", openapi="the_text_is_served_to_who_has_a_token_or_a_session_and_to_nobody_else"),
        ),
    ),
    "T29": Threat(
        "an emergency way round the approval",
        _of("services", decisions="the_proposer_cannot_confirm"),
        "There is none: no role, no flag and no setting starts a run without votes.",
    ),
    "T30": Threat(
        "an upgrade straight in OCP",
        _of(
            "services",
            starts="a_running_task_of_somebody_else_blocks_the_start "
            "an_unknown_upgrade_by_our_account_blocks_the_start",
            watching="movement_after_the_end_raises_one_alarm_and_holds_the_clusters",
            topology="upgrades_that_ocp_shows_are_kept_newest_first_whoever_began_them",
            ocp_upgrades="an_upgrade_begun_in_ocp_itself_is_told_once_with_who_began_it",
        ),
        "It is detected, not prevented.",
    ),
}
