using Google.Protobuf.Reflection;
using SdsServer.Protos.Admin.V1;

namespace SdsServer.Admin.Requests;

/// <summary>Names of enum values as the protos write them, without their prefix: <c>GATE_CLOSED</c>.</summary>
internal static class RefusalCodes
{
    private static readonly EnumDescriptor Codes = RefusalReflection.Descriptor.FindTypeByName<EnumDescriptor>(nameof(RefusalCode));
    private static readonly EnumDescriptor Reasons = RefusalReflection.Descriptor.FindTypeByName<EnumDescriptor>(nameof(BlockerReason));

    public static string Name(RefusalCode code) => Codes.FindValueByNumber((int)code).Name["REFUSAL_CODE_".Length..];

    public static string Name(BlockerReason reason) => Reasons.FindValueByNumber((int)reason).Name["BLOCKER_REASON_".Length..];
}
