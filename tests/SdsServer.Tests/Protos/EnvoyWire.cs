namespace SdsServer.Tests.Protos;

/// <summary>
/// What Envoy's v3 API puts on the wire, written down from its documentation and not from our files, so that a slip in one shows against the other.
/// A line is a method with its path, an enum, or a message: number, name, type, and the oneof a field belongs to.
/// </summary>
internal static class EnvoyWire
{
    public const string Table =
        """
        /envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets: stream discovery.DiscoveryRequest -> stream discovery.DiscoveryResponse
        /envoy.service.secret.v3.SecretDiscoveryService/DeltaSecrets: stream discovery.DeltaDiscoveryRequest -> stream discovery.DeltaDiscoveryResponse
        /envoy.service.secret.v3.SecretDiscoveryService/FetchSecrets: discovery.DiscoveryRequest -> discovery.DiscoveryResponse
        /envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources: stream discovery.DiscoveryRequest -> stream discovery.DiscoveryResponse
        /envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources: stream discovery.DeltaDiscoveryRequest -> stream discovery.DeltaDiscoveryResponse
        /envoy.service.status.v3.ClientStatusDiscoveryService/StreamClientStatus: stream status.ClientStatusRequest -> stream status.ClientStatusResponse
        /envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus: status.ClientStatusRequest -> status.ClientStatusResponse

        discovery.DiscoveryRequest: 1 version_info string, 2 node core.Node, 3 resource_names rep string, 4 type_url string, 5 response_nonce string, 6 error_detail rpc.Status, 7 resource_locators rep discovery.ResourceLocator
        discovery.DiscoveryResponse: 1 version_info string, 2 resources rep pb.Any, 3 canary bool, 4 type_url string, 5 nonce string, 6 control_plane core.ControlPlane, 7 resource_errors rep discovery.ResourceError
        discovery.DeltaDiscoveryRequest: 1 node core.Node, 2 type_url string, 3 resource_names_subscribe rep string, 4 resource_names_unsubscribe rep string, 5 initial_resource_versions map<string,string>, 6 response_nonce string, 7 error_detail rpc.Status, 8 resource_locators_subscribe rep discovery.ResourceLocator, 9 resource_locators_unsubscribe rep discovery.ResourceLocator
        discovery.DeltaDiscoveryResponse: 1 system_version_info string, 2 resources rep discovery.Resource, 4 type_url string, 5 nonce string, 6 removed_resources rep string, 7 control_plane core.ControlPlane, 8 removed_resource_names rep discovery.ResourceName, 9 resource_errors rep discovery.ResourceError
        discovery.Resource: 1 version string, 2 resource pb.Any, 3 name string, 4 aliases rep string, 6 ttl pb.Duration, 7 cache_control discovery.Resource.CacheControl, 8 resource_name discovery.ResourceName, 9 metadata core.Metadata
        discovery.Resource.CacheControl: 1 do_not_cache bool
        discovery.ResourceLocator: 1 name string, 2 dynamic_parameters map<string,string>
        discovery.ResourceName: 1 name string, 2 dynamic_parameter_constraints discovery.DynamicParameterConstraints
        discovery.ResourceError: 1 resource_name discovery.ResourceName, 2 error_detail rpc.Status
        discovery.DynamicParameterConstraints: 1 constraint discovery.DynamicParameterConstraints.SingleConstraint of type, 2 or_constraints discovery.DynamicParameterConstraints.ConstraintList of type, 3 and_constraints discovery.DynamicParameterConstraints.ConstraintList of type, 4 not_constraints discovery.DynamicParameterConstraints of type
        discovery.DynamicParameterConstraints.SingleConstraint: 1 key string, 2 value string of constraint_type, 3 exists discovery.DynamicParameterConstraints.SingleConstraint.Exists of constraint_type
        discovery.DynamicParameterConstraints.SingleConstraint.Exists:
        discovery.DynamicParameterConstraints.ConstraintList: 1 constraints rep discovery.DynamicParameterConstraints

        core.Node: 1 id string, 2 cluster string, 3 metadata pb.Struct, 4 locality core.Locality, 6 user_agent_name string, 7 user_agent_version string of user_agent_version_type, 8 user_agent_build_version core.BuildVersion of user_agent_version_type, 10 client_features rep string, 12 dynamic_parameters map<string,xds.ContextParams>
        core.BuildVersion: 1 version type.SemanticVersion, 2 metadata pb.Struct
        core.Locality: 1 region string, 2 zone string, 3 sub_zone string
        core.Metadata: 1 filter_metadata map<string,pb.Struct>, 2 typed_filter_metadata map<string,pb.Any>
        core.ControlPlane: 1 identifier string
        core.WatchedDirectory: 1 path string
        core.DataSource: 1 filename string of specifier, 2 inline_bytes bytes of specifier, 3 inline_string string of specifier, 4 environment_variable string of specifier, 5 watched_directory core.WatchedDirectory
        core.TypedExtensionConfig: 1 name string, 2 typed_config pb.Any
        xds.TypedExtensionConfig: 1 name string, 2 typed_config pb.Any
        xds.ContextParams: 1 params map<string,string>
        type.SemanticVersion: 1 major_number uint32, 2 minor_number uint32, 3 patch uint32
        type.DoubleRange: 1 start double, 2 end double

        tls.Secret: 1 name string, 2 tls_certificate tls.TlsCertificate of type, 3 session_ticket_keys tls.TlsSessionTicketKeys of type, 4 validation_context tls.CertificateValidationContext of type, 5 generic_secret tls.GenericSecret of type
        tls.TlsCertificate: 1 certificate_chain core.DataSource, 2 private_key core.DataSource, 3 password core.DataSource, 4 ocsp_staple core.DataSource, 5 signed_certificate_timestamp rep core.DataSource, 6 private_key_provider tls.PrivateKeyProvider, 7 watched_directory core.WatchedDirectory, 8 pkcs12 core.DataSource
        tls.PrivateKeyProvider: 1 provider_name string, 3 typed_config pb.Any of config_type, 4 fallback bool
        tls.CertificateValidationContext: 1 trusted_ca core.DataSource, 2 verify_certificate_hash rep string, 3 verify_certificate_spki rep string, 6 require_signed_certificate_timestamp pb.BoolValue, 7 crl core.DataSource, 8 allow_expired_certificate bool, 9 match_subject_alt_names rep matcher.StringMatcher, 10 trust_chain_verification tls.CertificateValidationContext.TrustChainVerification, 11 watched_directory core.WatchedDirectory, 12 custom_validator_config core.TypedExtensionConfig, 13 ca_certificate_provider_instance tls.CertificateProviderPluginInstance, 14 only_verify_leaf_cert_crl bool, 15 match_typed_subject_alt_names rep tls.SubjectAltNameMatcher, 16 max_verify_depth pb.UInt32Value, 17 system_root_certs tls.CertificateValidationContext.SystemRootCerts, 18 suppress_client_ca_list bool
        tls.CertificateValidationContext.TrustChainVerification: 0 VERIFY_TRUST_CHAIN, 1 ACCEPT_UNTRUSTED
        tls.CertificateValidationContext.SystemRootCerts:
        tls.CertificateProviderPluginInstance: 1 instance_name string, 2 certificate_name string
        tls.SubjectAltNameMatcher: 1 san_type tls.SubjectAltNameMatcher.SanType, 2 matcher matcher.StringMatcher, 3 oid string
        tls.SubjectAltNameMatcher.SanType: 0 SAN_TYPE_UNSPECIFIED, 1 EMAIL, 2 DNS, 3 URI, 4 IP_ADDRESS, 5 OTHER_NAME
        tls.SPIFFECertValidatorConfig: 1 trust_domains rep tls.SPIFFECertValidatorConfig.TrustDomain, 2 trust_bundles core.DataSource
        tls.SPIFFECertValidatorConfig.TrustDomain: 1 name string, 2 trust_bundle core.DataSource, 3 workload_trust_domain string
        tls.GenericSecret: 1 secret core.DataSource, 2 secrets map<string,core.DataSource>
        tls.TlsSessionTicketKeys: 1 keys rep core.DataSource

        matcher.StringMatcher: 1 exact string of match_pattern, 2 prefix string of match_pattern, 3 suffix string of match_pattern, 5 safe_regex matcher.RegexMatcher of match_pattern, 6 ignore_case bool, 7 contains string of match_pattern, 8 custom xds.TypedExtensionConfig of match_pattern
        matcher.RegexMatcher: 1 google_re2 matcher.RegexMatcher.GoogleRE2 of engine_type, 2 regex string
        matcher.RegexMatcher.GoogleRE2: 1 max_program_size pb.UInt32Value
        matcher.NodeMatcher: 1 node_id matcher.StringMatcher, 2 node_metadatas rep matcher.StructMatcher
        matcher.StructMatcher: 2 path rep matcher.StructMatcher.PathSegment, 3 value matcher.ValueMatcher
        matcher.StructMatcher.PathSegment: 1 key string of segment
        matcher.ValueMatcher: 1 null_match matcher.ValueMatcher.NullMatch of match_pattern, 2 double_match matcher.DoubleMatcher of match_pattern, 3 string_match matcher.StringMatcher of match_pattern, 4 bool_match bool of match_pattern, 5 present_match bool of match_pattern, 6 list_match matcher.ListMatcher of match_pattern, 7 or_match matcher.OrMatcher of match_pattern
        matcher.ValueMatcher.NullMatch:
        matcher.ListMatcher: 1 one_of matcher.ValueMatcher of match_pattern
        matcher.OrMatcher: 1 value_matchers rep matcher.ValueMatcher
        matcher.DoubleMatcher: 1 range type.DoubleRange of match_pattern, 2 exact double of match_pattern

        status.ClientStatusRequest: 1 node_matchers rep matcher.NodeMatcher, 2 node core.Node, 3 exclude_resource_contents bool
        status.ClientStatusResponse: 1 config rep status.ClientConfig
        status.ClientConfig: 1 node core.Node, 3 generic_xds_configs rep status.ClientConfig.GenericXdsConfig, 4 client_scope string
        status.ClientConfig.GenericXdsConfig: 1 type_url string, 2 name string, 3 version_info string, 4 xds_config pb.Any, 5 last_updated pb.Timestamp, 6 config_status status.ConfigStatus, 7 client_status admin.ClientResourceStatus, 8 error_state admin.UpdateFailureState, 9 is_static_resource bool
        status.ConfigStatus: 0 UNKNOWN, 1 SYNCED, 2 NOT_SENT, 3 STALE, 4 ERROR

        admin.ConfigDump: 1 configs rep pb.Any
        admin.SecretsConfigDump: 1 static_secrets rep admin.SecretsConfigDump.StaticSecret, 2 dynamic_active_secrets rep admin.SecretsConfigDump.DynamicSecret, 3 dynamic_warming_secrets rep admin.SecretsConfigDump.DynamicSecret
        admin.SecretsConfigDump.StaticSecret: 1 name string, 2 last_updated pb.Timestamp, 3 secret pb.Any
        admin.SecretsConfigDump.DynamicSecret: 1 name string, 2 version_info string, 3 last_updated pb.Timestamp, 4 secret pb.Any, 5 error_state admin.UpdateFailureState, 6 client_status admin.ClientResourceStatus
        admin.UpdateFailureState: 1 failed_configuration pb.Any, 2 last_update_attempt pb.Timestamp, 3 details string, 4 version_info string
        admin.ClientResourceStatus: 0 UNKNOWN, 1 REQUESTED, 2 DOES_NOT_EXIST, 3 ACKED, 4 NACKED, 5 RECEIVED_ERROR, 6 TIMEOUT
        admin.Certificates: 1 certificates rep admin.Certificate
        admin.Certificate: 1 ca_cert rep admin.CertificateDetails, 2 cert_chain rep admin.CertificateDetails
        admin.CertificateDetails: 1 path string, 2 serial_number string, 3 subject_alt_names rep admin.SubjectAlternateName, 4 days_until_expiration uint64, 5 valid_from pb.Timestamp, 6 expiration_time pb.Timestamp, 7 ocsp_details admin.CertificateDetails.OcspDetails
        admin.CertificateDetails.OcspDetails: 1 valid_from pb.Timestamp, 2 expiration pb.Timestamp
        admin.SubjectAlternateName: 1 dns string of name, 2 uri string of name, 3 ip_address string of name

        rpc.Status: 1 code int32, 2 message string, 3 details rep pb.Any
        rpc.Code: 0 OK, 1 CANCELLED, 2 UNKNOWN, 3 INVALID_ARGUMENT, 4 DEADLINE_EXCEEDED, 5 NOT_FOUND, 6 ALREADY_EXISTS, 7 PERMISSION_DENIED, 8 RESOURCE_EXHAUSTED, 9 FAILED_PRECONDITION, 10 ABORTED, 11 OUT_OF_RANGE, 12 UNIMPLEMENTED, 13 INTERNAL, 14 UNAVAILABLE, 15 DATA_LOSS, 16 UNAUTHENTICATED
        rpc.ErrorInfo: 1 reason string, 2 domain string, 3 metadata map<string,string>
        rpc.RetryInfo: 1 retry_delay pb.Duration
        rpc.PreconditionFailure: 1 violations rep rpc.PreconditionFailure.Violation
        rpc.PreconditionFailure.Violation: 1 type string, 2 subject string, 3 description string
        rpc.BadRequest: 1 field_violations rep rpc.BadRequest.FieldViolation
        rpc.BadRequest.FieldViolation: 1 field string, 2 description string
        rpc.ResourceInfo: 1 resource_type string, 2 resource_name string, 3 owner string, 4 description string
        """;
}
